#include "byte_ranges.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();

void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

std::optional<uint64_t> take_number(std::string_view& text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  auto value = parse_uint(text.substr(0, digits));
  text.remove_prefix(digits);
  return value && *value <= kMaxOffset ? value : std::nullopt;
}

// take_range reads one `a-b`, `a-` or `-n` up to the comma; nothing when it is malformed. An empty range has start >= end.
std::optional<ByteRange> take_range(std::string_view& text, uint64_t size) {
  skip_spaces(text);
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    auto count = take_number(text);
    if (!count) return {};
    skip_spaces(text);
    return ByteRange{*count < size ? size - *count : 0, *count == 0 ? 0 : size};
  }
  auto start = take_number(text);
  if (!start) return {};
  skip_spaces(text);
  if (!text.starts_with('-')) return {};
  text.remove_prefix(1);
  skip_spaces(text);
  if (text.empty() || text.front() == ',') return ByteRange{*start, size};
  auto end = take_number(text);
  if (!end) return {};
  skip_spaces(text);
  return ByteRange{*start, *end >= size ? size : *end + 1};
}

}  // namespace

RangeVerdict parse_ranges(std::string_view value, uint64_t size, uint64_t limit, std::vector<ByteRange>& ranges) {
  constexpr std::string_view kUnit = "bytes=";
  if (limit == 0 || value.size() <= kUnit.size() || !iequals(value.substr(0, kUnit.size()), kUnit)) return RangeVerdict::ignore;
  value.remove_prefix(kUnit.size());
  uint64_t total = 0;
  for (;;) {
    auto range = take_range(value, size);
    if (!range || (!value.empty() && value.front() != ',')) return RangeVerdict::unsatisfiable;
    if (range->start < range->end) {
      if (ranges.size() == limit) return RangeVerdict::ignore;
      ranges.push_back(*range);
      total += range->end - range->start;
      if (total > kMaxOffset) return RangeVerdict::unsatisfiable;
    } else if (range->start == 0) {
      return RangeVerdict::ignore;
    }
    if (value.empty()) break;
    value.remove_prefix(1);
  }
  if (ranges.empty()) return RangeVerdict::unsatisfiable;
  return total > size ? RangeVerdict::ignore : RangeVerdict::partial;
}

}  // namespace sluice
