// Responses of DNS servers, built byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::test {

inline std::string u16(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
inline std::string u32(uint32_t value) { return u16(value >> 16) + u16(value & 0xffff); }

// encoded_name: "a.test" as labels.
inline std::string encoded_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t dot = std::min(name.find('.'), name.size());
    out += static_cast<char>(dot);
    out += name.substr(0, dot);
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  return out + '\0';
}

struct DnsResponse {
  DnsResponse(std::string_view name, unsigned type, unsigned code = 0) : question(encoded_name(name) + u16(type) + u16(1)), rcode(code) {}
  DnsResponse& record(std::string_view name, unsigned type, uint32_t ttl, std::string data) {
    answers += encoded_name(name) + u16(type) + u16(1) + u32(ttl) + u16(static_cast<unsigned>(data.size())) + data;
    ++count;
    return *this;
  }
  std::string bytes() const { return u16(7) + u16(0x8180 | rcode) + u16(1) + u16(count) + u16(0) + u16(0) + question + answers; }

  std::string question, answers;
  unsigned rcode, count = 0;
};

}  // namespace sluice::test
