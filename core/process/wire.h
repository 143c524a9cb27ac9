// Wire: values as bytes in the messages between sluice's own processes. Both ends are the same executable, so there is no version.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice {

// WireWriter: number = 8 bytes, host order; text = its length as a number + its bytes.
class WireWriter {
 public:
  WireWriter& number(uint64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  WireWriter& text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// WireReader reads in the order of writing. Bytes that are missing read as 0 and "", and complete() tells.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    std::string_view raw = take(sizeof value);
    if (!raw.empty()) std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  std::string_view view() { return take(number()); }
  std::string text() { return std::string(view()); }
  // count is the number of elements that follow; each takes at least a byte.
  size_t count() {
    uint64_t n = number();
    if (n <= rest_.size()) return n;
    whole_ = false;
    return 0;
  }
  bool complete() const { return whole_ && rest_.empty(); }

 private:
  std::string_view take(uint64_t n) {
    if (n > rest_.size()) {
      whole_ = false;
      rest_ = {};
      return {};
    }
    std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }

  std::string_view rest_;
  bool whole_ = true;
};

}  // namespace sluice
