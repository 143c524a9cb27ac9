// Conditional requests (RFC 9110 section 13) for a file, with nginx's reading of them.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/http/headers.h>

namespace sluice {

enum class IfModifiedSince : uint8_t { off, exact, before };

// What is known of the file. `etag` is empty when `etag off`.
struct Validators {
  std::string_view etag;
  int64_t modified = 0;
};

enum class Verdict : uint8_t { send, not_modified, failed };  // 200, 304, 412

Verdict check_conditions(const Headers& request, const Validators& file, IfModifiedSince mode);

// range_applies: If-Range is absent or names this very state of the file.
bool range_applies(const Headers& request, const Validators& file);

}  // namespace sluice
