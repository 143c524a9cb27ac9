#include "text_table.h"

#include <algorithm>

#include <sluice/base/hash.h>

namespace sluice {

bool TextTable::add(std::string_view text, uint32_t value) {
  if (entries_.size() * 2 >= slots_.size()) grow();
  const uint64_t hash = hash_bytes(text, process_seed());
  const size_t slot = place(text, hash);
  if (slots_[slot] != kFree) return false;
  slots_[slot] = static_cast<uint32_t>(entries_.size());
  entries_.push_back({hash, text_.size(), static_cast<uint32_t>(text.size()), value});
  text_ += text;
  longest_ = std::max(longest_, text.size());
  return true;
}

std::optional<uint32_t> TextTable::find(std::string_view text) const {
  if (text.size() > longest_ || entries_.empty()) return {};
  const uint32_t index = slots_[place(text, hash_bytes(text, process_seed()))];
  if (index == kFree) return {};
  return entries_[index].value;
}

size_t TextTable::place(std::string_view text, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == kFree) return slot;
    const Entry& entry = entries_[slots_[slot]];
    if (entry.hash == hash && std::string_view(text_).substr(entry.at, entry.size) == text) return slot;
  }
}

void TextTable::grow() {
  constexpr size_t kFirst = 16;
  slots_.assign(std::max(kFirst, slots_.size() * 2), kFree);
  const size_t mask = slots_.size() - 1;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != kFree) slot = (slot + 1) & mask;
    slots_[slot] = i;
  }
}

}  // namespace sluice
