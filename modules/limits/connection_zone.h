// ConnectionZone: how many requests of each key are in progress. Each process counts its own, so that what one that died had counted can
// be taken away.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include <sluice/server/variable.h>

#include "key_table.h"

namespace sluice {

class ConnectionZone {
 public:
  static constexpr std::string_view kLayout = "limit_conn-1";
  static constexpr size_t kMinBytes = 32 * 1024;

  ConnectionZone(std::string name, ComplexValue key, std::shared_ptr<Zone> zone)
      : name_(std::move(name)), key_(std::move(key)), table_(std::move(zone)) {}

  const std::string& name() const { return name_; }
  const ComplexValue& key() const { return key_; }

  // enter counts one more; false when there are `most` already, or no room.
  bool enter(const KeyId& key, uint64_t most);
  // leave takes one of this process's away.
  void leave(const KeyId& key);
  // forget_the_dead takes away what processes counted that are no more.
  void forget_the_dead();

 private:
  struct Entry {
    KeyId key;
    int32_t process = 0;
    uint32_t count = 0;
  };
  static constexpr size_t kWays = 16;

  std::string name_;
  ComplexValue key_;
  KeyTable<Entry, kWays> table_;
};

}  // namespace sluice
