#include <sluice/base/base64.h>

#include <array>

namespace sluice {

namespace {

constexpr uint8_t kNone = 0xFF;
using Values = std::array<uint8_t, 256>;

constexpr Values values_of(const Base64Style& style) {
  Values values{};
  for (uint8_t& value : values) value = kNone;
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(style.digits[i])] = i;
  return values;
}

constexpr Values kStandardValues = values_of(kBase64);
constexpr Values kUrlValues = values_of(kBase64Url);

}  // namespace

void base64_encode(std::string_view bytes, const Base64Style& style, char* out) {
  auto byte = [&](size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u; };
  for (size_t at = 0; at < bytes.size(); at += 3) {
    unsigned group = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    size_t left = bytes.size() - at;
    *out++ = style.digits[group >> 18];
    *out++ = style.digits[group >> 12 & 63];
    if (left > 1) *out++ = style.digits[group >> 6 & 63];
    if (left > 2) *out++ = style.digits[group & 63];
    if (!style.padded) continue;
    for (size_t missing = left; missing < 3; ++missing) *out++ = '=';
  }
}

std::optional<size_t> base64_decode(std::string_view text, const Base64Style& style, OtherBytes others, char* out) {
  const Values& values = style.digits[62] == kBase64Url.digits[62] ? kUrlValues : kStandardValues;
  size_t digits = 0, size = 0;
  uint32_t group = 0;
  for (char c : text) {
    if (c == '=') break;
    uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kNone) {
      if (others == OtherBytes::refuse) return std::nullopt;
      continue;
    }
    group = group << 6 | value;
    if (++digits % 4 == 1) continue;
    // The second, third and fourth digit of a group each complete a byte.
    unsigned spare = 6 - 2 * static_cast<unsigned>((digits + 3) % 4);
    out[size++] = static_cast<char>(group >> spare);
  }
  if (digits % 4 == 1) return std::nullopt;
  return size;
}

}  // namespace sluice
