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
constexpr PlainBytes kPlainInJson = make_plain(0x7f);  // and UTF-8

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

bool continues_utf8(std::string_view text, size_t at) { return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; }

// utf8_size is the size of the character of several bytes at the front of the text; 0 when there is none (RFC 3629): surrogates, forms
// that are longer than need be and what lies beyond Unicode are no characters.
size_t utf8_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!continues_utf8(text, i)) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return size;
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
    value.remove_prefix(plain);
    size_t taken = 1;
    if (escape != LogEscape::json) append_hex(out, "\\x", static_cast<unsigned char>(value[0]));
    else if (const size_t character = utf8_size(value); character > 0) out.append(value.substr(0, taken = character));
    else append_json_byte(out, value[0]);
    value.remove_prefix(taken);
  }
}

}  // namespace sluice
