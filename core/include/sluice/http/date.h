// Dates of HTTP (RFC 9110 section 5.6.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/api.h>

namespace sluice {

constexpr size_t kHttpDateBytes = 29;

// format_http_date writes "Fri, 20 Nov 2026 12:00:00 GMT".
SLUICE_API void format_http_date(int64_t unix_seconds, char out[kHttpDateBytes]);

// parse_http_date reads that form, RFC 850's and asctime's; the day's name and the zone may be anything, as in nginx. Not before 1970.
SLUICE_API std::optional<int64_t> parse_http_date(std::string_view text);

}  // namespace sluice
