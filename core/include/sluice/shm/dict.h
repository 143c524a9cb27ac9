// Dict: the key-value store behind lua_shared_dict: sharded, bounded, with expiry and least-recently-used eviction.
//
// Keys are 1..65535 bytes. Values are a string, a number (double), a boolean, or a list of strings and numbers. All calls are safe
// from every process; a Dict object is one thread's, which is cheap: another thread opens its own over the same zone. A shard whose
// owner died is validated and, if broken, rebuilt from what is whole in it (`recoveries` counts it, a warning says it).
// Semantics and error words are those of ngx.shared.DICT (OpenResty). A failing store never loses the old value.
//
// The zone is one shard below 4 MB and 2..64 of at least 2 MB above. A value can take at most a whole shard. Time is the thread's
// cached Clock. When a shard is full, expired entries go first, then those that were not read for longest (second chance).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/shm/zone.h>

namespace sluice {

struct DictValue {
  enum class Type : uint8_t { nil, boolean, number, string, list };
  Type type = Type::nil;
  bool boolean = false;
  double number = 0;
  std::string_view string;  // after a read: valid until the next call on this Dict object
  uint32_t flags = 0;
  bool stale = false;       // get_stale: the value had expired
};

class SLUICE_API Dict {
 public:
  // open attaches to the zone, formatting it once. The zone must have been made with layout `Dict::kLayout`.
  static constexpr std::string_view kLayout = "dict-1";
  static constexpr size_t kMinBytes = 8191;  // nginx's 8 pages rule: "invalid lua shared dict size" below
  static Result<std::unique_ptr<Dict>> open(std::shared_ptr<Zone> zone);
  ~Dict();

  enum class Store { set, add, replace };
  struct StoreResult {
    // null, "exists", "not found", "no memory", "empty key", "key too long", "bad value type" (a list), or
    // "attempt to add or replace nil values". Setting nil removes the key.
    const char* error = nullptr;
    bool forcible = false;        // valid entries were evicted to make room
  };
  // ttl_ms 0 = never expires. `safe`: do not evict valid entries ("no memory" instead).
  StoreResult store(Store how, std::string_view key, const DictValue& value, uint64_t ttl_ms, bool safe);
  // get: false when absent or expired. A list gives type list and its length as number.
  bool get(std::string_view key, DictValue& out);
  bool get_stale(std::string_view key, DictValue& out);  // expired values too, while they are still there
  void remove(std::string_view key);

  struct IncrResult {
    double value = 0;
    const char* error = nullptr;  // "not found", "not a number", "no memory"
    bool forcible = false;
  };
  // init absent: the key must exist. init_ttl_ms applies when the key is made.
  IncrResult incr(std::string_view key, double by, std::optional<double> init, uint64_t init_ttl_ms);

  struct PushResult {
    size_t length = 0;
    const char* error = nullptr;  // "value not a list", "no memory"
  };
  enum class End { left, right };
  PushResult push(End end, std::string_view key, const DictValue& value);
  // pop gives nil type when the list is absent; error "value not a list".
  const char* pop(End end, std::string_view key, DictValue& out);
  PushResult list_length(std::string_view key);

  // ttl: nullopt = not found; 0 = never expires; otherwise milliseconds left.
  std::optional<uint64_t> ttl(std::string_view key);
  bool expire(std::string_view key, uint64_t ttl_ms);  // false: not found

  void flush_all();                        // marks everything expired
  size_t flush_expired(size_t max);        // frees expired entries; 0 = all; returns how many
  std::vector<std::string> keys(size_t max);  // 0 = all
  size_t capacity() const;                 // bytes of the zone
  size_t free_space();                     // bytes that a new value could still take without eviction
  uint64_t recoveries() const;             // shards recovered after their owner died
  const std::string& name() const;

 private:
  struct Impl;
  explicit Dict(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
