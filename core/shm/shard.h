// Shard: one lock's worth of a Dict: a hash table of entries, their order of use, and the cells they are made of.
//
//   | ShardHeader | buckets: 4 bytes each | cells: 64 bytes each |
//   bucket -> entry -> entry          (hash_next; the authority on what exists)
//   newest <-> ... <-> oldest         (order of use; a read only sets `used`, which buys a second chance before eviction)
//   entry  = | Entry | fixed part | key | string |        chained over cells
//   list   = an entry whose fixed part is ListEnds; items = | Item | bytes |, chained over cells
//
// A process may be killed between any two stores. What others need is published with a single store (an entry becomes visible, is
// swapped for its successor, or vanishes by one store to hash_next or a bucket; a list by its forward links); everything else is derived
// and rebuilt when the lock's owner died. Offsets only; no pointer is stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/shm/dict.h>
#include <sluice/shm/zone.h>

#include "shm/cells.h"

namespace sluice {

struct ShardHeader {
  ShmLock lock;
  CellPoolHeader cells;
  uint32_t bucket_count;  // a power of two
  uint32_t entries;
  uint32_t newest, oldest;
  uint64_t sweep_hand;       // the bucket where the search for expired entries goes on
  uint64_t earliest_expiry;  // nothing expires before this
  uint64_t round_earliest;   // the same for what this round of the hand has seen or stored
  uint64_t recoveries;
};

struct Entry {
  uint32_t next_cell;
  uint32_t hash_next;
  uint32_t newer, older;
  uint64_t expires_ms;  // 0 = never
  uint32_t hash;
  uint32_t string_bytes;
  uint32_t flags;
  uint16_t key_bytes;
  uint8_t type;  // DictValue::Type
  uint8_t used;  // read since it was last considered for eviction
};
static_assert(sizeof(Entry) == 40);

struct ListEnds {
  uint32_t head, tail;
  uint32_t count;
  uint32_t cells;  // of all items
};

struct Item {
  uint32_t next_cell;
  uint32_t previous, next;
  uint32_t bytes;
  uint8_t type;  // string or number
};

inline bool is_expired(const Entry& entry, uint64_t now) {
  return entry.expires_ms != 0 && entry.expires_ms <= now;
}
inline DictValue::Type type_of(const Entry& entry) {
  return static_cast<DictValue::Type>(entry.type);
}

// fixed_bytes is the size of the part of an entry before its key. A boolean is kept as a number.
inline size_t fixed_bytes(DictValue::Type type) {
  switch (type) {
    case DictValue::Type::boolean:
    case DictValue::Type::number:
      return sizeof(double);
    case DictValue::Type::list:
      return sizeof(ListEnds);
    case DictValue::Type::nil:
    case DictValue::Type::string:
      return 0;
  }
  return 0;
}

// key_error is the word for a key that no entry can have, or null.
inline const char* key_error(std::string_view key) {
  if (key.empty()) return "empty key";
  return key.size() > UINT16_MAX ? "key too long" : nullptr;
}

// publish_link makes something visible, or vanish, with one store that comes after all stores before it.
inline void publish_link(uint32_t& link, uint32_t index) {
  std::atomic_ref<uint32_t>(link).store(index, std::memory_order_release);
}

// ReadBuffer: where values are copied to; grows, and is reused.
class ReadBuffer {
 public:
  char* reserve(size_t bytes) {
    if (bytes > room_) grow(bytes);
    return memory_.get();
  }

 private:
  void grow(size_t bytes);
  std::unique_ptr<char[]> memory_;
  size_t room_ = 0;
};

struct DictKey {
  std::string_view bytes;
  uint32_t hash;
};

// All calls need the lock (ShardHold). `now` is in milliseconds of the monotonic clock; `expires_ms` are points on it, 0 = never.
class Shard {
 public:
  Shard(char* memory, size_t bytes);  // 64-byte aligned; attaches
  void format(size_t bytes);          // once, in zeroed memory
  ShmLock& lock() { return header_->lock; }

  Dict::StoreResult store(Dict::Store how, DictKey key, const DictValue& value, uint64_t now,
                          uint64_t expires_ms, bool safe);
  enum class Expired { hide, show };
  bool get(DictKey key, uint64_t now, Expired expired, DictValue& out, ReadBuffer& buffer);
  void remove(DictKey key);
  Dict::IncrResult incr(DictKey key, double by, std::optional<double> init, uint64_t now,
                        uint64_t init_expires_ms);

  Dict::PushResult push(Dict::End end, DictKey key, const DictValue& value, uint64_t now);
  const char* pop(Dict::End end, DictKey key, DictValue& out, ReadBuffer& buffer, uint64_t now);
  Dict::PushResult list_length(DictKey key, uint64_t now);

  std::optional<uint64_t> expiry(DictKey key, uint64_t now);  // of a live entry
  bool set_expiry(DictKey key, uint64_t now, uint64_t expires_ms);
  void expire_all();
  size_t remove_expired(size_t max, uint64_t now);
  // append_keys adds the live keys of `count` buckets from `first`; the caller lets the lock go between calls.
  void append_keys(uint32_t first, uint32_t count, uint64_t now, size_t max, std::vector<std::string>& keys);

  uint32_t bucket_count() const { return header_->bucket_count; }
  uint32_t entries() const { return header_->entries; }
  size_t free_bytes() const {
    return size_t(cells_.free_count()) * (CellPool::kCellBytes - CellPool::kLinkBytes);
  }
  uint64_t recoveries() const { return header_->recoveries; }

  // recover is called after the owner of the lock died: it rebuilds the shard. True if the shard was not in order.
  bool recover();
  // consistent checks every link and count.
  bool consistent() const;

 private:
  static constexpr uint32_t kEntryRoom = CellPool::kCellBytes - sizeof(Entry);
  static constexpr uint32_t kItemRoom = CellPool::kCellBytes - sizeof(Item);

  Entry& entry(uint32_t index) const { return *reinterpret_cast<Entry*>(cells_.at(index)); }
  Item& item(uint32_t index) const { return *reinterpret_cast<Item*>(cells_.at(index)); }
  ListEnds& list_of(uint32_t index) const {
    return *reinterpret_cast<ListEnds*>(cells_.at(index) + sizeof(Entry));
  }
  double& number_of(uint32_t index) const {
    return *reinterpret_cast<double*>(cells_.at(index) + sizeof(Entry));
  }
  uint32_t& bucket(uint32_t hash) const { return buckets_[hash & (header_->bucket_count - 1)]; }

  uint32_t* find_link(DictKey key) const;
  uint32_t* link_of(uint32_t index) const;
  bool key_equals(uint32_t index, std::string_view key) const;
  std::string key_of(uint32_t index) const;
  uint64_t cells_of(uint32_t index) const;

  uint32_t make_entry(DictKey key, const DictValue& value, uint32_t cells, uint64_t expires_ms);
  void read_value(uint32_t index, DictValue& out, ReadBuffer& buffer) const;
  void publish_entry(uint32_t* link, uint32_t index);
  void swap_entry(uint32_t* link, uint32_t index);
  void remove_at(uint32_t* link);
  void release_entry(uint32_t index);
  void add_newest(uint32_t index);
  void take_from_order(uint32_t index);
  void note_expiry(uint64_t expires_ms);

  void sweep_expired(uint64_t now, uint64_t cells_wanted);
  bool evict_until(uint64_t cells_wanted, uint32_t keep, uint64_t now);
  uint32_t choose_victim(uint32_t keep);

  uint32_t make_item(const DictValue& value);
  void read_item(uint32_t index, DictValue& out, ReadBuffer& buffer) const;
  void link_item(ListEnds& ends, Dict::End end, uint32_t index);
  uint32_t unlink_item(ListEnds& ends, Dict::End end);
  void release_items(const ListEnds& ends);
  Dict::PushResult push_new_list(DictKey key, const DictValue& value);

  struct Rebuild;
  void rebuild();
  bool order_consistent() const;
  bool table_consistent(uint64_t& cells_taken) const;
  bool items_consistent(const ListEnds& ends) const;

  ShardHeader* header_;
  uint32_t* buckets_;
  CellPool cells_;
};

// ShardHold holds the lock of a shard, and recovers the shard first when the last owner died.
class ShardHold {
 public:
  ShardHold(Shard& shard, std::string_view dict_name);
  ~ShardHold() { shard_.lock().unlock(); }
  ShardHold(const ShardHold&) = delete;
  ShardHold& operator=(const ShardHold&) = delete;

 private:
  Shard& shard_;
};

}  // namespace sluice
