// Room in a shard: the order of use, eviction, and expiry.
#include <algorithm>
#include <utility>

#include "shm/shard.h"

namespace sluice {

namespace {

constexpr uint32_t kSweepBuckets = 256;  // looked at for expired entries by one store that finds no room

}  // namespace

void Shard::add_newest(uint32_t index) {
  Entry& e = entry(index);
  e.newer = 0;
  e.older = header_->newest;
  (header_->newest != 0 ? entry(header_->newest).newer : header_->oldest) = index;
  header_->newest = index;
}

void Shard::take_from_order(uint32_t index) {
  Entry& e = entry(index);
  (e.newer != 0 ? entry(e.newer).older : header_->newest) = e.older;
  (e.older != 0 ? entry(e.older).newer : header_->oldest) = e.newer;
}

// evict_until removes entries, the oldest first, but never `keep`; tells whether a live one was among them.
// REQUIRES: that all but `keep` would be enough, or the caller checks what was reached.
bool Shard::evict_until(uint64_t cells_wanted, uint32_t keep, uint64_t now) {
  bool live = false;
  while (cells_.free_count() < cells_wanted) {
    uint32_t victim = choose_victim(keep);
    if (victim == 0) break;
    live |= !is_expired(entry(victim), now);
    remove_at(link_of(victim));
  }
  return live;
}

// Second chance: the oldest that was not read since it was last passed by. Two rounds find one, because the first clears the marks.
uint32_t Shard::choose_victim(uint32_t keep) {
  for (uint64_t tries = 2 * uint64_t(header_->entries); tries > 0; --tries) {
    uint32_t index = header_->oldest;
    if (index != keep && entry(index).used == 0) return index;
    entry(index).used = 0;
    take_from_order(index);
    add_newest(index);
  }
  return 0;
}

void Shard::note_expiry(uint64_t expires_ms) {
  if (expires_ms == 0) return;
  header_->earliest_expiry = std::min(header_->earliest_expiry, expires_ms);
  header_->round_earliest = std::min(header_->round_earliest, expires_ms);
}

// A hand goes round the buckets; a full round tells when the next entry expires, and until then there is nothing to look for.
void Shard::sweep_expired(uint64_t now, uint64_t cells_wanted) {
  for (uint32_t i = 0; i < kSweepBuckets && cells_.free_count() < cells_wanted; ++i) {
    if (now < header_->earliest_expiry) return;
    uint32_t* link = &buckets_[header_->sweep_hand & (header_->bucket_count - 1)];
    while (*link != 0) {
      const Entry& e = entry(*link);
      if (is_expired(e, now)) {
        remove_at(link);
        continue;
      }
      if (e.expires_ms != 0) header_->round_earliest = std::min(header_->round_earliest, e.expires_ms);
      link = &entry(*link).hash_next;
    }
    if (++header_->sweep_hand < header_->bucket_count) continue;
    header_->sweep_hand = 0;
    header_->earliest_expiry = std::exchange(header_->round_earliest, UINT64_MAX);
  }
}

std::optional<uint64_t> Shard::expiry(DictKey key, uint64_t now) {
  uint32_t index = *find_link(key);
  if (index == 0 || is_expired(entry(index), now)) return std::nullopt;
  return entry(index).expires_ms;
}

bool Shard::set_expiry(DictKey key, uint64_t now, uint64_t expires_ms) {
  uint32_t index = *find_link(key);
  if (index == 0 || is_expired(entry(index), now)) return false;
  entry(index).expires_ms = expires_ms;
  note_expiry(expires_ms);
  return true;
}

void Shard::expire_all() {
  for (uint32_t index = header_->newest; index != 0; index = entry(index).older) entry(index).expires_ms = 1;
  note_expiry(1);
}

size_t Shard::remove_expired(size_t max, uint64_t now) {
  size_t removed = 0;
  for (uint32_t index = header_->oldest; index != 0 && removed < max;) {
    uint32_t newer = entry(index).newer;
    if (is_expired(entry(index), now)) {
      remove_at(link_of(index));
      ++removed;
    }
    index = newer;
  }
  return removed;
}

void Shard::append_keys(uint32_t first, uint32_t count, uint64_t now, size_t max,
                        std::vector<std::string>& keys) {
  for (uint32_t i = first; i < first + count && i < header_->bucket_count; ++i) {
    for (uint32_t index = buckets_[i]; index != 0; index = entry(index).hash_next) {
      if (keys.size() >= max) return;
      if (!is_expired(entry(index), now)) keys.push_back(key_of(index));
    }
  }
}

}  // namespace sluice
