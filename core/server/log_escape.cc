#include "server/log_escape.h"

#include <algorithm>
#include <array>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

namespace {

constexpr char kUpperHex[] = "0123456789ABCDEF";

void append_hex(LogText& out, std::string_view prefix, unsigned char byte) {
  out.append(prefix);
  out.push_back(kUpperHex[byte >> 4]);
  out.push_back(kUpperHex[byte & 15]);
}

// What is written as it is.
using PlainBytes = std::array<bool, 256>;

constexpr PlainBytes make_plain(unsigned last) {
  PlainBytes out{};
  for (unsigned byte = 0x20; byte <= last; ++byte) out[byte] = byte != '"' && byte != '\\';
  return out;
}

constexpr PlainBytes kPlainInStandard = make_plain(0x7e);
constexpr PlainBytes kPlainInJson = make_plain(0xff);

#if defined(__SSE2__)
__m128i load_16(const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }
__m128i load_8(const char* from) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)); }

// seems_plain: none of the 16 bytes is one that any format escapes.
bool seems_plain(__m128i bytes) {
  const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  // As signed numbers, control bytes and what is not ASCII are below a blank.
  const __m128i others = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
  return _mm_movemask_epi8(_mm_or_si128(marks, others)) == 0;
}

// copy_blocks copies and judges 8 or 16 bytes at a time; it returns how many it has copied, at the latest before what is escaped.
size_t copy_blocks(char* to, const char* text, size_t size) {
  if (size < 16) {
    if (size < 8) return 0;
    const __m128i front = load_8(text);
    const __m128i back = load_8(text + size - 8);
    if (!seems_plain(_mm_unpacklo_epi64(front, back))) return 0;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), front);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + size - 8), back);
    return size;
  }
  for (size_t at = 0;; at += 16) {
    const size_t from = std::min(at, size - 16);  // the last block overlaps the one before
    const __m128i bytes = load_16(text + from);
    if (!seems_plain(bytes)) return at;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + from), bytes);
    if (from + 16 == size) return size;
  }
}
#else
size_t copy_blocks(char*, const char*, size_t) { return 0; }
#endif

// copy_plain copies the bytes at the front of the text that are written as they are: nearly always all. It returns how many.
size_t copy_plain(char* to, std::string_view text, const PlainBytes& plain) {
  size_t at = copy_blocks(to, text.data(), text.size());
  for (; at < text.size() && plain[static_cast<unsigned char>(text[at])]; ++at) to[at] = text[at];
  return at;
}

void append_json_byte(LogText& out, char c) {
  switch (c) {
    case '"': out.append("\\\""); break;
    case '\\': out.append("\\\\"); break;
    case '\n': out.append("\\n"); break;
    case '\r': out.append("\\r"); break;
    case '\t': out.append("\\t"); break;
    case '\b': out.append("\\b"); break;
    case '\f': out.append("\\f"); break;
    default: append_hex(out, "\\u00", static_cast<unsigned char>(c));
  }
}

}  // namespace

void append_escaped(LogText& out, std::string_view value, LogEscape escape) {
  if (escape == LogEscape::none) {
    out.append(value);
    return;
  }
  const PlainBytes& plain_bytes = escape == LogEscape::json ? kPlainInJson : kPlainInStandard;
  for (;;) {
    char* const to = out.reserve(value.size());
    const size_t plain = copy_plain(to, value, plain_bytes);
    out.taken_to(to + plain);
    if (plain == value.size()) return;
    if (escape == LogEscape::json) append_json_byte(out, value[plain]);
    else append_hex(out, "\\x", static_cast<unsigned char>(value[plain]));
    value.remove_prefix(plain + 1);
  }
}

}  // namespace sluice
