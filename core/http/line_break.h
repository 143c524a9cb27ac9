// The last check before a field is written into a head: a value that a module or Lua made may hold anything.
#pragma once

#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

// breaks_line is whether TEXT holds CR, LF or NUL: written into a head, it would end its line and begin another (response
// splitting; RFC 9110 section 5.5). It looks at 16 bytes at a time, or twice at 8, where the machine can.
inline bool breaks_line(std::string_view text) {
#if defined(__SSE2__)
  const auto breaks_in = [](__m128i bytes) {
    const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
    return _mm_or_si128(ends, _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
  };
  if (text.size() >= 16) {
    const auto breaks_at = [&](size_t i) { return breaks_in(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i))); };
    __m128i found = breaks_at(text.size() - 16);
    for (size_t i = 0; i + 16 < text.size(); i += 16) found = _mm_or_si128(found, breaks_at(i));
    return _mm_movemask_epi8(found) != 0;
  }
  if (text.size() >= 8) {
    const auto half_at = [&text](size_t i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(text.data() + i)); };
    return _mm_movemask_epi8(breaks_in(_mm_unpacklo_epi64(half_at(0), half_at(text.size() - 8)))) != 0;
  }
#endif
  bool found = false;
  for (char c : text) found |= c == '\r' || c == '\n' || c == '\0';
  return found;
}

}  // namespace sluice
