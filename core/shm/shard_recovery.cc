// Recovery of a shard whose lock was held by a process that died: what is whole stays, everything derived is made again.
#include <algorithm>

#include "shm/shard.h"

namespace sluice {

namespace {

bool known_type(uint8_t type) {
  return type >= static_cast<uint8_t>(DictValue::Type::boolean) &&
         type <= static_cast<uint8_t>(DictValue::Type::list);
}

}  // namespace

bool Shard::recover() {
  ++header_->recoveries;
  bool was_consistent = consistent();
  rebuild();
  return !was_consistent;
}

bool Shard::consistent() const {
  if (!cells_.header_valid() || !order_consistent()) return false;
  uint64_t taken = 0;
  if (!table_consistent(taken)) return false;
  uint32_t listed = cells_.free_list_length();
  return listed != UINT32_MAX && cells_.free_count() == listed + cells_.fresh_count() &&
         taken + cells_.free_count() == cells_.count();
}

bool Shard::order_consistent() const {
  uint32_t seen = 0, newer = 0;
  for (uint32_t index = header_->newest; index != 0; newer = index, index = entry(index).older) {
    if (!cells_.used(index) || ++seen > header_->entries || entry(index).newer != newer) return false;
  }
  return seen == header_->entries && header_->oldest == newer;
}

struct Shard::Rebuild {
  explicit Rebuild(Shard& s)
      : shard(s), limit(s.header_->cells.fresh), taken(size_t(limit) + 1), is_entry(size_t(limit) + 1) {}

  // take_chain marks exactly n cells as taken; if the chain is not that, none.
  bool take_chain(uint32_t first, uint64_t n) {
    std::vector<uint32_t> chain;
    uint32_t cell = first;
    while (chain.size() < n && shard.cells_.used(cell) && !taken[cell]) {
      taken[cell] = true;
      chain.push_back(cell);
      cell = shard.cells_.next(cell);
    }
    if (chain.size() == n && cell == 0) return true;
    for (uint32_t each : chain) taken[each] = false;
    return false;
  }

  bool take_entry(uint32_t index, uint32_t bucket) {
    if (!shard.cells_.used(index) || taken[index]) return false;
    const Entry& e = shard.entry(index);
    if (!known_type(e.type) || e.key_bytes == 0 || (e.hash & (shard.header_->bucket_count - 1)) != bucket)
      return false;
    if (!take_chain(index,
                    CellPool::needed(fixed_bytes(type_of(e)) + e.key_bytes + e.string_bytes, kEntryRoom)))
      return false;
    is_entry[index] = true;
    if (type_of(e) == DictValue::Type::list) take_items(shard.list_of(index));
    return true;
  }

  // The forward links say what the list is; it ends before the first item that is not whole.
  void take_items(ListEnds& ends) {
    uint32_t* link = &ends.head;
    uint32_t previous = 0;
    ends.count = ends.cells = 0;
    while (*link != 0) {
      uint32_t index = *link;
      uint64_t cells = shard.cells_.used(index) ? CellPool::needed(shard.item(index).bytes, kItemRoom) : 0;
      if (cells == 0 || !take_chain(index, cells)) {
        *link = 0;
        break;
      }
      shard.item(index).previous = previous;
      ++ends.count;
      ends.cells += static_cast<uint32_t>(cells);
      previous = index;
      link = &shard.item(index).next;
    }
    ends.tail = previous;
  }

  void take_bucket(uint32_t bucket) {
    uint32_t* link = &shard.buckets_[bucket];
    while (*link != 0 && take_entry(*link, bucket)) {
      found.push_back(*link);
      link = &shard.entry(*link).hash_next;
    }
    *link = 0;
  }

  // What is left of the order of use, from both ends, then entries that are in no order.
  std::vector<uint32_t> newest_first() {
    std::vector<uint32_t> front, back;
    std::vector<bool> ordered(is_entry.size());
    auto follow = [&](uint32_t index, uint32_t Entry::*link, std::vector<uint32_t>& into) {
      for (; index <= limit && is_entry[index] && !ordered[index]; index = shard.entry(index).*link) {
        ordered[index] = true;
        into.push_back(index);
      }
    };
    follow(shard.header_->newest, &Entry::older, front);
    follow(shard.header_->oldest, &Entry::newer, back);
    for (uint32_t index : found) {
      if (!ordered[index]) front.push_back(index);
    }
    front.insert(front.end(), back.rbegin(), back.rend());
    return front;
  }

  Shard& shard;
  uint32_t limit;
  std::vector<bool> taken, is_entry;
  std::vector<uint32_t> found;
};

void Shard::rebuild() {
  if (!cells_.header_valid()) header_->cells.fresh = header_->cells.count + 1;
  Rebuild state(*this);
  for (uint32_t bucket = 0; bucket < header_->bucket_count; ++bucket) state.take_bucket(bucket);
  std::vector<uint32_t> order = state.newest_first();
  header_->entries = header_->newest = header_->oldest = 0;
  std::for_each(order.rbegin(), order.rend(), [&](uint32_t index) {
    add_newest(index);
    ++header_->entries;
  });
  cells_.rebuild_free_list(state.taken);
  header_->sweep_hand = header_->earliest_expiry = 0;  // unknown: look at the next occasion
  header_->round_earliest = UINT64_MAX;
  for (uint32_t index : order) {
    if (type_of(entry(index)) == DictValue::Type::list && list_of(index).count == 0)
      remove_at(link_of(index));
  }
}

bool Shard::table_consistent(uint64_t& cells_taken) const {
  uint32_t seen = 0;
  for (uint32_t b = 0; b < header_->bucket_count; ++b) {
    for (uint32_t index = buckets_[b]; index != 0; index = entry(index).hash_next) {
      bool possible = cells_.used(index) && ++seen <= header_->entries && known_type(entry(index).type) &&
                      (entry(index).hash & (header_->bucket_count - 1)) == b;
      if (!possible) return false;
      if (type_of(entry(index)) == DictValue::Type::list && !items_consistent(list_of(index))) return false;
      cells_taken += cells_of(index);
    }
  }
  return seen == header_->entries;
}

bool Shard::items_consistent(const ListEnds& ends) const {
  uint32_t count = 0, previous = 0;
  uint64_t cells = 0;
  for (uint32_t index = ends.head; index != 0; previous = index, index = item(index).next) {
    if (!cells_.used(index) || ++count > ends.count || item(index).previous != previous) return false;
    cells += CellPool::needed(item(index).bytes, kItemRoom);
  }
  return count > 0 && count == ends.count && cells == ends.cells && previous == ends.tail;
}

}  // namespace sluice
