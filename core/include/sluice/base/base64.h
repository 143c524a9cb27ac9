// Base64 (RFC 4648 sections 4 and 5), as nginx reads it: decoding ends at the first '=' and whatever follows is not looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/api.h>

namespace sluice {

struct Base64Style {
  const char* digits;
  bool padded;
};

inline constexpr Base64Style kBase64{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true};
inline constexpr Base64Style kBase64Unpadded{kBase64.digits, false};
inline constexpr Base64Style kBase64Url{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false};

constexpr size_t base64_encoded_bytes(size_t bytes, const Base64Style& style) {
  return style.padded ? (bytes + 2) / 3 * 4 : bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : bytes % 3 + 1);
}

// base64_encode writes base64_encoded_bytes() bytes to `out`.
SLUICE_API void base64_encode(std::string_view bytes, const Base64Style& style, char* out);

// What to do with bytes that are no digits: RFC 2045 (MIME) skips them.
enum class OtherBytes : uint8_t { refuse, skip };

// base64_decode writes to `out`, which has room for size / 4 * 3 + 3 bytes, and gives how many. Nothing on a foreign byte (when refused) or
// when the digits end within a byte.
SLUICE_API std::optional<size_t> base64_decode(std::string_view text, const Base64Style& style, OtherBytes others, char* out);

}  // namespace sluice
