// What the tests of Dict share: a dictionary of some size, and values in one word.
#pragma once

#include "../test.h"

#include <memory>
#include <string>
#include <string_view>

#include <sluice/base/clock.h>
#include <sluice/base/strings.h>
#include <sluice/shm/dict.h>

namespace sluice::test {

struct TestZone {
  explicit TestZone(size_t bytes) : spec{"test", std::string(Dict::kLayout), bytes} {
    auto made = Zone::create(spec);
    REQUIRE(made.ok());
    fd = std::move(*made);
  }
  std::shared_ptr<Zone> map() const {
    auto zone = Zone::map(spec, fd.get());
    REQUIRE(zone.ok());
    return *zone;
  }
  std::unique_ptr<Dict> open() const {
    auto dict = Dict::open(map());
    REQUIRE(dict.ok());
    return std::move(*dict);
  }
  ZoneSpec spec;
  Fd fd;
};

inline DictValue text(std::string_view string, uint32_t flags = 0) {
  DictValue value;
  value.type = DictValue::Type::string;
  value.string = string;
  value.flags = flags;
  return value;
}

inline DictValue number(double n) {
  DictValue value;
  value.type = DictValue::Type::number;
  value.number = n;
  return value;
}

inline DictValue boolean(bool b) {
  DictValue value;
  value.type = DictValue::Type::boolean;
  value.boolean = b;
  return value;
}

inline Dict::StoreResult set(Dict& dict, std::string_view key, const DictValue& value, uint64_t ttl_ms = 0) {
  return dict.store(Dict::Store::set, key, value, ttl_ms, false);
}

// What get gives, as text: "nil" when there is nothing.
inline std::string get(Dict& dict, std::string_view key) {
  DictValue value;
  if (!dict.get(key, value)) return "nil";
  switch (value.type) {
    case DictValue::Type::string:
      return std::string(value.string);
    case DictValue::Type::number:
      return std::to_string(static_cast<long>(value.number));
    case DictValue::Type::boolean:
      return value.boolean ? "true" : "false";
    case DictValue::Type::list:
      return "list";
    case DictValue::Type::nil:
      return "nil";
  }
  return "?";
}

inline void at(Tick ms) {
  Clock::of_thread().set_for_test(ms, 1'700'000'000'000);
}

}  // namespace sluice::test
