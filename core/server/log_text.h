// LogText: bytes of log lines that wait to be written: a buffer with a cursor, so that a line costs no call per piece of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice {

// ShortText is a few bytes in memory of one size, so that nobody needs to ask how many they are to copy them.
struct ShortText {
  static constexpr size_t kBytes = 16;

  ShortText() = default;
  // REQUIRES: text.size() <= kBytes.
  explicit ShortText(std::string_view text) : size(static_cast<uint8_t>(text.copy(bytes, kBytes))) {}

  char bytes[kBytes] = {};
  uint8_t size = 0;
};

class LogText {
 public:
  // reserve gives the place of the next byte; `bytes` can be written there. taken_to says how far it was.
  char* reserve(size_t bytes) {
    if (static_cast<size_t>(end_ - at_) < bytes) [[unlikely]] grow(bytes);
    return at_;
  }
  void taken_to(char* end) { at_ = end; }

  void append(std::string_view text) {
    char* const to = reserve(text.size());
    const size_t size = text.size();
    if (size != 0) std::memcpy(to, text.data(), size);
    at_ = to + size;
  }
  void append(const ShortText& text) {
    char* const to = reserve(ShortText::kBytes);
    std::memcpy(to, text.bytes, ShortText::kBytes);
    at_ = to + text.size;
  }

  void push_back(char c) {
    char* const to = reserve(1);
    *to = c;
    at_ = to + 1;
  }

  std::string_view view() const { return {memory_.get(), size()}; }
  size_t size() const { return static_cast<size_t>(at_ - memory_.get()); }
  bool empty() const { return at_ == memory_.get(); }
  void clear() { at_ = memory_.get(); }

 private:
  [[gnu::noinline]] void grow(size_t bytes) {
    const size_t used = size();
    const size_t capacity = std::max<size_t>({4096, 2 * static_cast<size_t>(end_ - memory_.get()), used + bytes});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (used != 0) std::memcpy(larger.get(), memory_.get(), used);
    memory_ = std::move(larger);
    at_ = memory_.get() + used;
    end_ = memory_.get() + capacity;
  }

  std::unique_ptr<char[]> memory_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace sluice
