// Byte classes of the HTTP grammar, and the search that every head parser is built on.
//
// One table of 256 bit sets is made at compile time; a test is one load. find_control looks at 16 bytes at a time where
// the machine can, because most bytes of a head are values in which nothing happens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

inline constexpr uint8_t kToken = 1;     // tchar, RFC 9110 section 5.6.2
inline constexpr uint8_t kPath = 2;      // a byte that a request target may have before '?'
inline constexpr uint8_t kQuery = 4;     // a byte that a request target may have after '?'
inline constexpr uint8_t kHostName = 8;  // a byte of a host name that is not an IP literal
inline constexpr uint8_t kValue = 16;    // a byte of a field value: HTAB, SP, VCHAR, obs-text
inline constexpr uint8_t kHex = 32;
inline constexpr uint8_t kMethod = 64;   // tchar without lower-case letters, as nginx
inline constexpr uint8_t kPlainName = 128;  // tchar but '_'

namespace detail {
constexpr bool is_one_of(unsigned char c, std::string_view set) {
  return set.find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr std::array<uint8_t, 256> make_byte_classes() {
  std::array<uint8_t, 256> out{};
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool lower = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    const bool alnum = lower || digit || (c >= 'A' && c <= 'Z');
    const bool visible = c > 0x20 && c < 0x7f;
    uint8_t bits = 0;
    if (alnum || is_one_of(c, "!#$%&'*+-.^_`|~")) bits |= lower ? kToken : kToken | kMethod;
    if ((bits & kToken) != 0 && c != '_') bits |= kPlainName;
    if (visible && c != '#') bits |= kQuery;
    if (visible && !is_one_of(c, "#?\\")) bits |= kPath;
    if (alnum || is_one_of(c, "-._~!$&'()*+;=")) bits |= kHostName;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= kValue;
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= kHex;
    out[i] = bits;
  }
  return out;
}
}  // namespace detail

inline constexpr std::array<uint8_t, 256> kByteClasses = detail::make_byte_classes();

inline bool byte_is(char c, uint8_t classes) { return (kByteClasses[static_cast<unsigned char>(c)] & classes) != 0; }

// skip_class returns the first byte of [p, end) that is not in the class, or end.
inline const char* skip_class(const char* p, const char* end, uint8_t byte_class) {
  while (p < end && byte_is(*p, byte_class)) ++p;
  return p;
}

inline bool all_of_class(std::string_view text, uint8_t byte_class) {
  return skip_class(text.data(), text.data() + text.size(), byte_class) == text.data() + text.size();
}

// hex_value is the value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char folded = static_cast<char>(c | 0x20);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

#if defined(__SSE2__)
// control_bits has bit i set when p[i], of 16 bytes, is a control byte other than HTAB.
inline unsigned control_bits(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del)));
}
// equal_bits has bit i set when p[i], of 16 bytes, is c.
inline unsigned equal_bits(const char* p, char c) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))));
}
#else
inline unsigned equal_bits(const char* p, char c) {
  unsigned bits = 0;
  for (unsigned i = 0; i < 16; ++i) bits |= p[i] == c ? 1u << i : 0u;
  return bits;
}
inline unsigned control_bits(const char* p) {
  unsigned bits = 0;
  for (unsigned i = 0; i < 16; ++i) bits |= byte_is(p[i], kValue) ? 0u : 1u << i;
  return bits;
}
#endif

// LineBits are the interesting bytes of 64: bit i of each is about byte i.
struct LineBits {
  uint64_t control = 0;  // control_bits
  uint64_t cr = 0;
  uint64_t lf = 0;
};

inline LineBits line_bits(const char* p) {
  LineBits out;
  for (unsigned i = 0; i < 64; i += 16) {
    out.control |= uint64_t{control_bits(p + i)} << i;
    out.cr |= uint64_t{equal_bits(p + i, '\r')} << i;
    out.lf |= uint64_t{equal_bits(p + i, '\n')} << i;
  }
  return out;
}

// find_control returns the first byte of [p, end) that a field value can't have (a control byte other than HTAB), or end.
// On a well-formed line that is its CR.
inline const char* find_control(const char* p, const char* end) {
  for (; end - p >= 16; p += 16) {
    if (const unsigned bits = control_bits(p); bits != 0) return p + __builtin_ctz(bits);
  }
  return skip_class(p, end, kValue);
}

}  // namespace sluice
