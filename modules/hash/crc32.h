// CRC-32 (IEEE 802.3, reflected), as nginx and the memcached clients use it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

class Crc32 {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) state_ = kTable[(state_ ^ static_cast<unsigned char>(byte)) & 0xff] ^ (state_ >> 8);
  }
  uint32_t value() const { return ~state_; }

 private:
  static constexpr std::array<uint32_t, 256> make_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
      table[i] = value;
    }
    return table;
  }
  static const std::array<uint32_t, 256> kTable;
  uint32_t state_ = ~uint32_t{0};
};

inline constexpr std::array<uint32_t, 256> Crc32::kTable = Crc32::make_table();

}  // namespace sluice
