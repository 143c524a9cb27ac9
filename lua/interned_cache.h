// InternedCache: what was once worked out about a Lua string (a header's name, a variable's, a peer's host), found again by the string's
// address. Lua strings are interned: while an entry keeps its string alive, no other string can have that address.
//
// A string has two places; when both are taken it puts the older one out, so that strings which Lua code makes up never fill the memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "lua_headers.h"
#include "slots.h"

namespace sluice {

template <class Value>
class InternedCache {
 public:
  // find gives what is known about the string, which lua_tolstring gave, or null. Valid until the next add. `part` tells several values
  // of one string apart.
  const Value* find(const char* text, uint32_t part = 0) const {
    const Set& set = sets_[place(text, part)];
    for (const Entry& entry : set.entries) {
      if (entry.text == text && entry.part == part) return &entry.value;
    }
    return nullptr;
  }

  // add remembers the value for the string at `index`. REQUIRES: it is a string.
  const Value& add(lua_State* L, LuaSlots& slots, int index, Value value, uint32_t part = 0) {
    const char* text = lua_tolstring(L, index, nullptr);
    Set& set = sets_[place(text, part)];
    Entry& entry = set.entries[set.oldest];
    set.oldest ^= 1;
    lua_pushvalue(L, index);
    int anchor = slots.put(L);
    if (entry.anchor != LuaSlots::kNone) slots.drop(entry.anchor);
    entry.text = text;
    entry.part = part;
    entry.anchor = anchor;
    entry.value = std::move(value);
    return entry.value;
  }

 private:
  static constexpr size_t kSets = 128;

  struct Entry {
    const char* text = nullptr;
    uint32_t part = 0;
    int anchor = LuaSlots::kNone;
    Value value{};
  };
  struct Set {
    std::array<Entry, 2> entries;
    uint8_t oldest = 0;
  };

  static size_t place(const char* text, uint32_t part) {
    auto address = reinterpret_cast<uintptr_t>(text);
    return (address >> 4 ^ address >> 11 ^ part) % kSets;
  }

  std::array<Set, kSets> sets_;
};

}  // namespace sluice
