// Fuzzes Via: no more entries than commas and one, and what stands in another field counts whatever this one holds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/check.h>

#include "http/via.h"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  Arena arena;
  Headers one(arena);
  one.add("Via", value);
  const size_t before = via_entries(one, "us");
  CHECK(before <= static_cast<size_t>(std::count(value.begin(), value.end(), ',')) + 1);
  Headers two(arena);
  two.add("Via", value);
  two.add("Via", "1.1 us");
  CHECK(via_entries(two, "us") == before + 1);
  return 0;
}
