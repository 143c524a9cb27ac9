// StackBuffer: bytes that a C function of Lua collects before it pushes them as one string. It starts on the C stack and moves to a
// Lua userdata when it grows, so nothing leaks when a call in between raises. Trivially destructible for the same reason.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "lua_headers.h"

namespace sluice {

class StackBuffer {
 public:
  // Takes one slot of the Lua stack: values pushed afterwards are above it.
  explicit StackBuffer(lua_State* L) : L_(L) {
    lua_pushnil(L);
    slot_ = lua_gettop(L);
  }
  StackBuffer(const StackBuffer&) = delete;
  StackBuffer& operator=(const StackBuffer&) = delete;

  // extend makes room for `bytes` more and returns where they begin; all of them count as written.
  char* extend(size_t bytes) {
    if (bytes > capacity_ - size_) grow(bytes);
    char* at = data_ + size_;
    size_ += bytes;
    return at;
  }
  void append(std::string_view text) {
    char* at = extend(text.size());
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
  }
  void append(char c) { *extend(1) = c; }

  std::string_view view() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }
  void push() const { lua_pushlstring(L_, data_, size_); }

 private:
  void grow(size_t bytes) {
    size_t capacity = std::max(capacity_ * 2, size_ + bytes);
    char* data = static_cast<char*>(lua_newuserdata(L_, capacity));
    std::memcpy(data, data_, size_);
    lua_replace(L_, slot_);
    data_ = data;
    capacity_ = capacity;
  }

  lua_State* L_;
  int slot_;
  char inline_[1024];
  char* data_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = sizeof inline_;
};

}  // namespace sluice
