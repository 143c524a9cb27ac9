// RequestZone: how many requests each key has made lately: a leaky bucket per key, in thousandths of a request, as nginx counts them.
#pragma once

#include <cstdint>
#include <string>

#include <sluice/base/clock.h>
#include <sluice/server/variable.h>

#include "key_table.h"

namespace sluice {

class RequestZone {
 public:
  static constexpr std::string_view kLayout = "limit_req-1";
  static constexpr size_t kMinBytes = 32 * 1024;

  // `rate`: thousandths of a request per second.
  RequestZone(std::string name, ComplexValue key, uint64_t rate, std::shared_ptr<Zone> zone)
      : name_(std::move(name)), key_(std::move(key)), rate_(rate), table_(std::move(zone)) {}

  const std::string& name() const { return name_; }
  const ComplexValue& key() const { return key_; }
  uint64_t rate() const { return rate_; }

  // peek is the excess that one more request of this key would make. take counts the request if that is not above `most`, and gives
  // the excess in either case.
  uint64_t peek(const KeyId& key, Tick now);
  uint64_t take(const KeyId& key, Tick now, uint64_t most);

 private:
  struct Entry {
    KeyId key;
    Tick last = 0;
    uint64_t excess = 0;
  };
  static constexpr size_t kWays = 8;

  uint64_t excess_with_one_more(const Entry& entry, Tick now) const;
  static Entry* find(std::array<Entry, kWays>& bucket, const KeyId& key);

  std::string name_;
  ComplexValue key_;
  uint64_t rate_;
  KeyTable<Entry, kWays> table_;
};

}  // namespace sluice
