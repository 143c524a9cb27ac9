// The last check before a field is written into a head: a value that a module or Lua made may hold anything.
#pragma once

#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

// breaks_line is whether TEXT holds CR, LF or NUL: written into a head, it would end its line and begin another (response
// splitting; RFC 9110 section 5.5). It looks at 16 bytes at a time where the machine can.
inline bool breaks_line(std::string_view text) {
#if defined(__SSE2__)
  if (text.size() >= 16) {
    auto breaks_at = [&text](size_t i) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
      const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
      return _mm_or_si128(ends, _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
    };
    __m128i found = breaks_at(text.size() - 16);
    for (size_t i = 0; i + 16 < text.size(); i += 16) found = _mm_or_si128(found, breaks_at(i));
    return _mm_movemask_epi8(found) != 0;
  }
#endif
  bool found = false;
  for (char c : text) found |= c == '\r' || c == '\n' || c == '\0';
  return found;
}

}  // namespace sluice
