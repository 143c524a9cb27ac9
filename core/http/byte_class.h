// Byte classes of the HTTP grammar, and the search that every head parser is built on.
//
// One table of 256 bit sets is made at compile time; a test is one load. find_control looks at 16 bytes at a time where
// the machine can, because most bytes of a head are values in which nothing happens.
#pragma once

#include <algorithm>
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
// not_path_bits has bit i set when p[i], of 16 bytes, is not of kPath.
inline unsigned not_path_bits(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // As signed numbers, SP, control bytes and non-ASCII ones are below '!'.
  const __m128i invisible = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8('!')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
  const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('?')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#')));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(invisible, ends), backslash)));
}
// not_query_bits has bit i set when p[i], of 16 bytes, is not of kQuery.
inline unsigned not_query_bits(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i invisible = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8('!')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(invisible, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#')))));
}
// not_plain_host_bits has bit i set when p[i], of 16 bytes, is neither a lower-case letter nor a digit nor '-' nor '.'.
inline unsigned not_plain_host_bits(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('z' + 1)));
  // From '-' to '9' are "-./" and the digits.
  const __m128i other = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('-' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
  const __m128i plain = _mm_or_si128(letter, _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('/')), other));
  return static_cast<unsigned>(_mm_movemask_epi8(plain)) ^ 0xffffu;
}
#else
template <class Test>
unsigned bits_where(const char* p, Test test) {
  unsigned bits = 0;
  for (unsigned i = 0; i < 16; ++i) bits |= test(p[i]) ? 1u << i : 0u;
  return bits;
}
inline unsigned not_path_bits(const char* p) {
  return bits_where(p, [](char c) { return !byte_is(c, kPath); });
}
inline unsigned not_query_bits(const char* p) {
  return bits_where(p, [](char c) { return !byte_is(c, kQuery); });
}
inline unsigned not_plain_host_bits(const char* p) {
  return bits_where(p, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'); });
}
inline unsigned equal_bits(const char* p, char c) {
  return bits_where(p, [c](char byte) { return byte == c; });
}
inline unsigned control_bits(const char* p) {
  return bits_where(p, [](char c) { return !byte_is(c, kValue); });
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

// Window looks for bytes in a block, 16 at a time from anywhere in it, and never outside of it: close to the block's end it looks
// at the last 16 and drops those before. A block of fewer bytes is searched one by one.
class Window {
 public:
  explicit Window(std::string_view block)
      : begin_(block.data()), end_(block.data() + block.size()), last_(block.size() >= 16 ? end_ - 16 : nullptr) {}

  const char* begin() const { return begin_; }
  const char* end() const { return end_; }

  // Each returns the first byte of [p, end()) that is so, or end(). REQUIRES: p in [begin(), end()].
  const char* find_control(const char* p) const {
    return find(p, [](const char* at) { return control_bits(at); }, [](char c) { return !byte_is(c, kValue); });
  }
  const char* find_not_path(const char* p) const {
    return find(p, [](const char* at) { return not_path_bits(at); }, [](char c) { return !byte_is(c, kPath); });
  }
  const char* find_not_query(const char* p) const {
    return find(p, [](const char* at) { return not_query_bits(at); }, [](char c) { return !byte_is(c, kQuery); });
  }
  const char* find_byte(const char* p, char wanted) const {
    return find(p, [wanted](const char* at) { return equal_bits(at, wanted); }, [wanted](char c) { return c == wanted; });
  }

  // bits is what `look` sees in the 16 bytes from p, those behind the end counting as nothing. REQUIRES: size() >= 16.
  template <class Look>
  unsigned bits(const char* p, Look look) const {
    const char* const at = std::min(p, last_);
    return look(at) >> (p - at);
  }
  bool is_small() const { return last_ == nullptr; }

 private:
  template <class Look, class Test>
  const char* find(const char* p, Look look, Test test) const {
    if (last_ == nullptr) [[unlikely]] return std::find_if(p, end_, test);
    for (; p < last_; p += 16) {
      if (const unsigned seen = look(p); seen != 0) return p + __builtin_ctz(seen);
    }
    const unsigned seen = look(last_) >> (p - last_);
    return seen != 0 ? p + __builtin_ctz(seen) : end_;
  }

  const char* begin_;
  const char* end_;
  const char* last_;  // where the last 16 bytes begin
};

// find_head_end returns one past the first empty line of the block ("\n\r\n"), or 0 when there is none. It judges nothing.
inline size_t find_head_end(std::string_view block) {
  if (block.size() < 18) return 0;  // no message has a shorter head
  const char* const begin = block.data();
  const char* const last = begin + block.size() - 18;
  for (const char* p = begin;; p = std::min(p + 16, last)) {
    for (unsigned seen = equal_bits(p, '\n') & equal_bits(p + 2, '\n'); seen != 0; seen &= seen - 1) {
      const char* const at = p + __builtin_ctz(seen);
      if (at[1] == '\r') return static_cast<size_t>(at + 3 - begin);
    }
    if (p == last) return 0;
  }
}

}  // namespace sluice
