// HeaderNames: the compile-time table behind header_id: a perfect hash over the length and three bytes of a name.
//
// A candidate is compared in words of eight bytes with a mask that folds letters only: folding every byte by 0x20 would
// let CR pass for '-'.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sluice/http/headers.h>

namespace sluice::header_names {

inline constexpr size_t kCount = static_cast<size_t>(HeaderId::count);
inline constexpr size_t kMaxSize = 32;
inline constexpr size_t kSlots = 512;

struct Name {
  char folded[kMaxSize];  // lower-case, zero-padded
  char mask[kMaxSize];    // 0x20 where `folded` has a letter
  uint8_t size;
};

inline constexpr std::string_view kCanonical[kCount] = {
    "",
#define X(id, text) text,
    SLUICE_HEADER_TABLE(X)
#undef X
};

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::array<Name, kCount> make_names() {
  std::array<Name, kCount> out{};
  for (size_t id = 1; id < kCount; ++id) {
    const std::string_view text = kCanonical[id];
    out[id].size = static_cast<uint8_t>(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
      out[id].mask[i] = is_letter(text[i]) ? 0x20 : 0;
      out[id].folded[i] = static_cast<char>(text[i] | out[id].mask[i]);
    }
  }
  return out;
}

// key mixes what tells the names apart: length, first, last and the byte at three quarters ("X-Forwarded-Host"/"-Port").
constexpr uint32_t key(std::string_view name) {
  const auto fold = [](char c) { return static_cast<uint32_t>(static_cast<unsigned char>(c) | 0x20); };
  const size_t size = name.size();
  return static_cast<uint32_t>(size) | fold(name[0]) << 8 | fold(name[size * 3 / 4]) << 16 | fold(name[size - 1]) << 24;
}

constexpr uint32_t slot(uint32_t key_value, uint32_t multiplier) { return (key_value * multiplier) >> 23; }

constexpr bool separates_all(uint32_t multiplier) {
  std::array<bool, kSlots> used{};
  for (size_t id = 1; id < kCount; ++id) {
    const uint32_t at = slot(key(kCanonical[id]), multiplier);
    if (used[at]) return false;
    used[at] = true;
  }
  return true;
}

constexpr uint32_t find_multiplier() {
  uint32_t multiplier = 0x9e3779b1;
  while (!separates_all(multiplier)) multiplier = multiplier * 1664525u + 1013904223u;
  return multiplier;
}

inline constexpr uint32_t kMultiplier = find_multiplier();

constexpr std::array<uint8_t, kSlots> make_slots() {
  std::array<uint8_t, kSlots> out{};
  for (size_t id = 1; id < kCount; ++id) out[slot(key(kCanonical[id]), kMultiplier)] = static_cast<uint8_t>(id);
  return out;
}

inline constexpr std::array<Name, kCount> kNames = make_names();
inline constexpr std::array<uint8_t, kSlots> kSlotIds = make_slots();

template <class Word>
Word load(const char* p) {
  Word word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

template <class Word>
bool word_matches(const Name& known, const char* text, size_t at) {
  return static_cast<Word>(load<Word>(text + at) | load<Word>(known.mask + at)) == load<Word>(known.folded + at);
}

// words_match compares `size` bytes, at least one word, the last word overlapping the one before.
template <class Word>
bool words_match(const Name& known, const char* text, size_t size) {
  for (size_t at = 0; at + sizeof(Word) < size; at += sizeof(Word)) {
    if (!word_matches<Word>(known, text, at)) return false;
  }
  return word_matches<Word>(known, text, size - sizeof(Word));
}

inline bool matches(const Name& known, std::string_view name) {
  if (known.size != name.size()) return false;
  if (name.size() >= 8) return words_match<uint64_t>(known, name.data(), name.size());
  if (name.size() >= 4) return words_match<uint32_t>(known, name.data(), name.size());
  return words_match<uint8_t>(known, name.data(), name.size());
}

// lookup is header_id without the call: parsers in this folder use it.
inline HeaderId lookup(std::string_view name) {
  if (name.empty() || name.size() > kMaxSize) return HeaderId::unknown;
  const uint8_t id = kSlotIds[slot(key(name), kMultiplier)];
  return id != 0 && matches(kNames[id], name) ? static_cast<HeaderId>(id) : HeaderId::unknown;
}

}  // namespace sluice::header_names
