#include <sluice/shm/dict.h>

#include <algorithm>
#include <bit>

#include <sluice/base/clock.h>
#include <sluice/base/hash.h>
#include <sluice/base/strings.h>

#include "shm/shard.h"

namespace sluice {

namespace {

constexpr size_t kShardedFromBytes = size_t(4) << 20;
constexpr size_t kShardBytes = size_t(2) << 20;
constexpr size_t kMaxShards = 64;
constexpr uint32_t kBucketsPerHold = 512;  // listed before the lock is let go for others

struct DictHeader {
  uint64_t seed;  // of the hash; stays with the content
  uint64_t reserved[7];
};
static_assert(sizeof(DictHeader) == CellPool::kCellBytes);

// Few shards, because a value can't be larger than one: a lock is held for a hundred nanoseconds or less.
size_t shards_for(size_t bytes) {
  return bytes < kShardedFromBytes ? 1 : std::min(std::bit_floor(bytes / kShardBytes), kMaxShards);
}

size_t shard_bytes(size_t bytes) {
  size_t each = (bytes - sizeof(DictHeader)) / shards_for(bytes);
  return each & ~size_t(CellPool::kCellBytes - 1);
}

uint64_t expiry_from(uint64_t now, uint64_t ttl_ms) {
  if (ttl_ms == 0) return 0;
  return ttl_ms > UINT64_MAX - now ? UINT64_MAX : now + ttl_ms;
}

std::vector<Shard> shards_of(Zone& zone) {
  std::vector<Shard> shards;
  for (size_t i = 0; i < shards_for(zone.size()); ++i) {
    shards.emplace_back(zone.data() + sizeof(DictHeader) + i * shard_bytes(zone.size()),
                        shard_bytes(zone.size()));
  }
  return shards;
}

void format_dict(Zone& zone, void*) {
  reinterpret_cast<DictHeader*>(zone.data())->seed = process_seed();
  for (Shard& shard : shards_of(zone)) shard.format(shard_bytes(zone.size()));
}

uint64_t now_ms() {
  return Clock::of_thread().now();
}

}  // namespace

struct Dict::Impl {
  explicit Impl(std::shared_ptr<Zone> z)
      : zone(std::move(z)),
        seed(reinterpret_cast<DictHeader*>(zone->data())->seed),
        shards(shards_of(*zone)) {}

  // Calls use(shard, key) with the lock of the key's shard.
  template <class Use>
  auto with(std::string_view key, Use use) {
    uint64_t hash = hash_bytes(key, seed);
    Shard& shard = shards[(hash >> 32) & (shards.size() - 1)];
    ShardHold hold(shard, zone->spec().name);
    return use(shard, DictKey{key, static_cast<uint32_t>(hash)});
  }
  // Calls use(shard) with the lock of each shard in turn.
  template <class Use>
  void with_each(Use use) {
    for (Shard& shard : shards) {
      ShardHold hold(shard, zone->spec().name);
      use(shard);
    }
  }

  std::shared_ptr<Zone> zone;
  uint64_t seed;
  std::vector<Shard> shards;
  ReadBuffer buffer;
};

Result<std::unique_ptr<Dict>> Dict::open(std::shared_ptr<Zone> zone) {
  if (zone->spec().layout != kLayout)
    return Error(ErrorKind::internal, concat("zone \"", zone->spec().name, "\" is no dictionary"));
  if (zone->size() < kMinBytes)
    return Error(ErrorKind::config, "invalid lua shared dict size", ErrorSource::config);
  zone->initialise_once(format_dict, nullptr);
  return std::unique_ptr<Dict>(new Dict(std::make_unique<Impl>(std::move(zone))));
}

Dict::Dict(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dict::~Dict() = default;

Dict::StoreResult Dict::store(Store how, std::string_view key, const DictValue& value, uint64_t ttl_ms,
                              bool safe) {
  uint64_t now = now_ms();
  return impl_->with(key, [&](Shard& shard, DictKey k) {
    return shard.store(how, k, value, now, expiry_from(now, ttl_ms), safe);
  });
}

bool Dict::get(std::string_view key, DictValue& out) {
  uint64_t now = now_ms();
  return impl_->with(key, [&](Shard& shard, DictKey k) {
    return shard.get(k, now, Shard::Expired::hide, out, impl_->buffer);
  });
}

bool Dict::get_stale(std::string_view key, DictValue& out) {
  uint64_t now = now_ms();
  return impl_->with(key, [&](Shard& shard, DictKey k) {
    return shard.get(k, now, Shard::Expired::show, out, impl_->buffer);
  });
}

void Dict::remove(std::string_view key) {
  impl_->with(key, [](Shard& shard, DictKey k) { shard.remove(k); });
}

Dict::IncrResult Dict::incr(std::string_view key, double by, std::optional<double> init,
                            uint64_t init_ttl_ms) {
  uint64_t now = now_ms();
  return impl_->with(key, [&](Shard& shard, DictKey k) {
    return shard.incr(k, by, init, now, expiry_from(now, init_ttl_ms));
  });
}

Dict::PushResult Dict::push(End end, std::string_view key, const DictValue& value) {
  return impl_->with(key, [&](Shard& shard, DictKey k) { return shard.push(end, k, value, now_ms()); });
}

const char* Dict::pop(End end, std::string_view key, DictValue& out) {
  return impl_->with(
      key, [&](Shard& shard, DictKey k) { return shard.pop(end, k, out, impl_->buffer, now_ms()); });
}

Dict::PushResult Dict::list_length(std::string_view key) {
  return impl_->with(key, [&](Shard& shard, DictKey k) { return shard.list_length(k, now_ms()); });
}

std::optional<uint64_t> Dict::ttl(std::string_view key) {
  uint64_t now = now_ms();
  auto expires = impl_->with(key, [&](Shard& shard, DictKey k) { return shard.expiry(k, now); });
  if (!expires || *expires == 0) return expires;
  return *expires - now;
}

bool Dict::expire(std::string_view key, uint64_t ttl_ms) {
  uint64_t now = now_ms();
  return impl_->with(
      key, [&](Shard& shard, DictKey k) { return shard.set_expiry(k, now, expiry_from(now, ttl_ms)); });
}

void Dict::flush_all() {
  impl_->with_each([](Shard& shard) { shard.expire_all(); });
}

size_t Dict::flush_expired(size_t max) {
  size_t limit = max == 0 ? SIZE_MAX : max, removed = 0;
  impl_->with_each([&](Shard& shard) { removed += shard.remove_expired(limit - removed, now_ms()); });
  return removed;
}

std::vector<std::string> Dict::keys(size_t max) {
  std::vector<std::string> keys;
  size_t limit = max == 0 ? SIZE_MAX : max;
  for (Shard& shard : impl_->shards) {
    for (uint32_t first = 0; first < shard.bucket_count() && keys.size() < limit; first += kBucketsPerHold) {
      ShardHold hold(shard, name());
      shard.append_keys(first, kBucketsPerHold, now_ms(), limit, keys);
    }
  }
  return keys;
}

size_t Dict::capacity() const {
  return impl_->zone->size();
}

size_t Dict::free_space() {
  size_t bytes = 0;
  impl_->with_each([&](Shard& shard) { bytes += shard.free_bytes(); });
  return bytes;
}

uint64_t Dict::recoveries() const {
  uint64_t total = 0;
  impl_->with_each([&](Shard& shard) { total += shard.recoveries(); });
  return total;
}

const std::string& Dict::name() const {
  return impl_->zone->spec().name;
}

}  // namespace sluice
