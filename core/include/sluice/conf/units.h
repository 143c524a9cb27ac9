// Units: the numbers of configuration values, as nginx writes them (`8k`, `1d12h`, `500ms`, `on`).
//
// Every function takes the whole argument and returns nothing when it is not exactly such a value or does not
// fit into 63 bits; the caller says `invalid value` with its own directive's name. Semantics follow nginx's
// ngx_parse_size, ngx_parse_offset and ngx_parse_time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/api.h>

namespace sluice {

// parse_size reads bytes in memory: digits, then at most one of k, m, g in either case (powers of 1024).
// nginx knows `g` for offsets only; taking it everywhere refuses nothing that nginx takes.
SLUICE_API std::optional<size_t> parse_size(std::string_view text);

// parse_offset reads bytes in files and bodies, in the same notation.
SLUICE_API std::optional<int64_t> parse_offset(std::string_view text);

// parse_time_ms reads a duration kept in milliseconds: numbers with units w d h m s ms, each unit finer than
// the one before (`1h 30m`, `1d12h`, `1m500ms`); spaces may follow a unit. A number without a unit is seconds
// and comes last.
SLUICE_API std::optional<std::chrono::milliseconds> parse_time_ms(std::string_view text);

// parse_time_s reads a duration kept in seconds: as above with y (365 days) and M (30 days), and without ms.
SLUICE_API std::optional<std::chrono::seconds> parse_time_s(std::string_view text);

// parse_flag reads `on` or `off` in either case.
SLUICE_API std::optional<bool> parse_flag(std::string_view text);

}  // namespace sluice
