// Header fields of a head in memory: the part that request heads and response heads have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/http/headers.h>

#include "http/byte_class.h"
#include "http/head_result.h"

namespace sluice {

struct FieldLimits {
  uint32_t line_bytes = 8192;   // one line without its CRLF
  uint32_t max_fields = 100;
  bool underscores_in_headers = false;  // false: a field with '_' in its name is dropped (but counted)
};

// parse_fields reads field lines (RFC 9112 section 5) and adds them to `out` as views. `block` begins at the first field
// line and ends with the empty line. Refuses with 400 what is not strictly well-formed (line folding, white space before
// the colon, a name that is no token, control bytes in a value), with 431 what is over a limit.
HeadResult parse_fields(std::string_view block, const FieldLimits& limits, Headers& out);
// The same where the fields are the rest, from `p`, of a block that was looked at already.
HeadResult parse_fields(const Window& block, const char* p, const FieldLimits& limits, Headers& out);

// Framing facts of RFC 9112 section 6, for both directions.
struct FramingFields {
  bool has_length = false;
  bool has_coding = false;   // Transfer-Encoding: chunked, exactly once
  uint64_t length = 0;
};

// read_framing accepts at most one of: one Content-Length of 1*DIGIT below 2^63, one Transfer-Encoding that is `chunked`
// alone. `gzip, chunked` and the like are 501; everything else is 400.
HeadResult read_framing(const Headers& headers, FramingFields& out);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

// read_connection collects the known options of every Connection field (RFC 9110 section 7.6.1).
ConnectionOptions read_connection(const Headers& headers);

}  // namespace sluice
