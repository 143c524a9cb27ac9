// Small text helpers without a locale: comparing, joining, numbers. Everything is byte-wise ASCII.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>

namespace sluice {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// iequals compares without regard to ASCII case.
SLUICE_API bool iequals(std::string_view a, std::string_view b);
SLUICE_API std::string lower(std::string_view text);

// parse_uint reads 1*DIGIT that fills the whole text; nothing on any other byte or on overflow.
SLUICE_API std::optional<uint64_t> parse_uint(std::string_view text);

// trim removes SP and HTAB (RFC 9110 section 5.6.3, OWS) from both ends.
SLUICE_API std::string_view trim(std::string_view text);

// nearest returns the candidate with the smallest edit distance to `word`, for "did you mean"; empty when none is close.
SLUICE_API std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

namespace detail {
inline void append_part(std::string& out, std::string_view part) { out.append(part); }
inline void append_part(std::string& out, const char* part) { out.append(part); }
inline void append_part(std::string& out, const std::string& part) { out.append(part); }
inline void append_part(std::string& out, char part) { out.push_back(part); }
template <class N>
  requires(std::integral<N> && !std::same_as<N, char> && !std::same_as<N, bool>)
void append_part(std::string& out, N part) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, part).ptr;
  out.append(digits, end);
}
}  // namespace detail

// concat joins strings, characters and integers into one std::string.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append_part(out, parts), ...);
  return out;
}

}  // namespace sluice
