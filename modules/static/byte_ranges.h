// Byte ranges (RFC 9110 section 14) with nginx's reading of them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice {

struct ByteRange {
  uint64_t start = 0;
  uint64_t end = 0;  // exclusive
};

enum class RangeVerdict : uint8_t {
  ignore,         // answer with the whole: no `bytes=`, more ranges than allowed, or together more than the whole
  partial,        // answer with what is in `ranges`
  unsatisfiable,  // 416
};

// parse_ranges reads the value of Range for a file of `size` bytes. At most `limit` ranges.
RangeVerdict parse_ranges(std::string_view value, uint64_t size, uint64_t limit, std::vector<ByteRange>& ranges);

}  // namespace sluice
