#include "request_zone.h"

#include <algorithm>

namespace sluice {

RequestZone::Entry* RequestZone::find(std::array<Entry, kWays>& bucket, const KeyId& key) {
  for (Entry& entry : bucket) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

// The clock of another process may be ahead of ours.
uint64_t RequestZone::excess_with_one_more(const Entry& entry, Tick now) const {
  const uint64_t elapsed = now > entry.last ? now - entry.last : 0;
  const uint64_t drained = elapsed > UINT64_MAX / (rate_ + 1) ? UINT64_MAX : rate_ * elapsed / 1000;
  const uint64_t with = entry.excess + 1000;
  return with > drained ? with - drained : 0;
}

uint64_t RequestZone::peek(const KeyId& key, Tick now) {
  auto bucket = table_.lock(key);
  const Entry* entry = find(*bucket, key);
  return entry == nullptr ? 0 : excess_with_one_more(*entry, now);
}

uint64_t RequestZone::take(const KeyId& key, Tick now, uint64_t most) {
  auto bucket = table_.lock(key);
  Entry* entry = find(*bucket, key);
  if (entry == nullptr) {
    // The one that was used least lately gives way; an empty one was never used.
    entry = &*std::min_element((*bucket).begin(), (*bucket).end(), [](const Entry& a, const Entry& b) { return a.last < b.last; });
    *entry = Entry{key, now, 0};
    return 0;
  }
  const uint64_t excess = excess_with_one_more(*entry, now);
  if (excess > most) return excess;
  entry->excess = excess;
  entry->last = std::max(entry->last, now);
  return excess;
}

}  // namespace sluice
