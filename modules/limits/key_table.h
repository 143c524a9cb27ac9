// KeyTable: small entries in shared memory by the hash of a key: the state of limit_req and limit_conn.
//
//   | locks | bucket 0: kWays entries | bucket 1 | ...
//
// A key belongs to one bucket and may lie in any of its entries, so that nothing has to move and a table never fills up as a whole: the
// owner says which entry of a full bucket gives way. Keys are kept as 128 bits of a hash whose seed no client knows. Buckets share
// kShards robust locks: when a process died within one, what its shard holds is forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

#include <sluice/base/hash.h>
#include <sluice/shm/zone.h>

namespace sluice {

struct KeyId {
  uint64_t low = 0;
  uint64_t high = 0;

  static KeyId of(std::string_view key) {
    constexpr uint64_t kOther = 0x9e3779b97f4a7c15;
    // Never all zero: that is an empty entry.
    return {hash_bytes(key, process_seed()) | 1, hash_bytes(key, process_seed() ^ kOther)};
  }
  bool operator==(const KeyId&) const = default;
};

// Entry has a member `KeyId key`; one of zeros is empty.
template <class Entry, size_t kWays>
class KeyTable {
 public:
  static_assert(std::is_trivially_copyable_v<Entry>);
  using Bucket = std::array<Entry, kWays>;

  // REQUIRES: the zone holds at least one bucket: min_bytes.
  explicit KeyTable(std::shared_ptr<Zone> zone) : zone_(std::move(zone)) {
    zone_->initialise_once([](Zone& fresh, void*) {
      for (size_t i = 0; i < kShards; ++i) (new (lock_at(fresh, i)) ShmLock())->initialise();
    }, nullptr);
    buckets_ = reinterpret_cast<Bucket*>(zone_->data() + kLocksBytes);
    count_ = (zone_->size() - kLocksBytes) / sizeof(Bucket);
  }
  static constexpr size_t min_bytes() { return kLocksBytes + sizeof(Bucket); }

  // Locked is the bucket of a key while nobody else works on it.
  class Locked {
   public:
    ~Locked() { lock_.unlock(); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    Bucket& operator*() { return bucket_; }

   private:
    friend class KeyTable;
    Locked(ShmLock& lock, Bucket& bucket) : lock_(lock), bucket_(bucket) {}
    ShmLock& lock_;
    Bucket& bucket_;
  };
  Locked lock(const KeyId& key) { return lock_bucket(key.high % count_); }

  // each visits every entry that is in use.
  template <class Visit>
  void each(Visit visit) {
    for (size_t i = 0; i < count_; ++i) {
      Locked bucket = lock_bucket(i);
      for (Entry& entry : *bucket) {
        if (entry.key != KeyId{}) visit(entry);
      }
    }
  }

 private:
  static constexpr size_t kShards = 64;
  static constexpr size_t kLocksBytes = 4096;
  static_assert(kShards * sizeof(ShmLock) <= kLocksBytes);

  static ShmLock* lock_at(Zone& zone, size_t shard) { return reinterpret_cast<ShmLock*>(zone.data()) + shard; }

  Locked lock_bucket(size_t index) {
    const size_t shard = index % kShards;
    ShmLock& lock = *lock_at(*zone_, shard);
    if (lock.lock() == ShmLock::Acquired::recovered) {
      for (size_t i = shard; i < count_; i += kShards) buckets_[i].fill(Entry{});
    }
    return Locked(lock, buckets_[index]);
  }

  std::shared_ptr<Zone> zone_;  // shared with the table of zones, see Zone::map
  Bucket* buckets_ = nullptr;
  size_t count_ = 0;
};

}  // namespace sluice
