#include "server/log_escape.h"

#include <array>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

namespace {

constexpr char kUpperHex[] = "0123456789ABCDEF";

void append_hex(std::string& out, std::string_view prefix, unsigned char byte) {
  out += prefix;
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

// plain_run is how many bytes at the front of the text are written as they are: nearly always all. It looks at 16 at a time for
// what no format escapes.
size_t plain_run(std::string_view text, const PlainBytes& plain) {
  size_t at = 0;
#if defined(__SSE2__)
  const auto seems_plain = [&text](size_t from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
    const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    // As signed numbers, control bytes and what is not ASCII are below a blank.
    const __m128i others = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    return _mm_movemask_epi8(_mm_or_si128(marks, others)) == 0;
  };
  while (text.size() - at > 16 && seems_plain(at)) at += 16;
  if (text.size() - at <= 16 && text.size() >= 16 && seems_plain(text.size() - 16)) return text.size();
#endif
  while (at < text.size() && plain[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

void append_json_byte(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    default: append_hex(out, "\\u00", static_cast<unsigned char>(c));
  }
}

}  // namespace

void append_escaped(std::string& out, std::string_view value, LogEscape escape) {
  if (escape == LogEscape::none) {
    out += value;
    return;
  }
  const PlainBytes& plain_bytes = escape == LogEscape::json ? kPlainInJson : kPlainInStandard;
  for (;;) {
    const size_t plain = plain_run(value, plain_bytes);
    out.append(value.data(), plain);
    if (plain == value.size()) return;
    if (escape == LogEscape::json) append_json_byte(out, value[plain]);
    else append_hex(out, "\\x", static_cast<unsigned char>(value[plain]));
    value.remove_prefix(plain + 1);
  }
}

}  // namespace sluice
