// Request heads of HTTP/1: bytes to RequestHead, strictly after RFC 9112. What is doubtful is refused, because a request that
// two implementations read differently is how requests are smuggled.
//
//   request line   400 malformed, 405 CONNECT, 414 target over the limit, 501 absurd method, 505 another major version
//   fields         400 malformed, 431 over a limit, 501 unsupported transfer coding, 417 unknown expectation
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/arena.h>
#include <sluice/http/message.h>

#include "http/head_result.h"

namespace sluice {

struct RequestLimits {
  uint32_t uri_bytes = 8192;
  uint32_t line_bytes = 8192;    // one header line
  uint32_t total_bytes = 32768;  // the whole head
  uint32_t max_fields = 100;
  bool underscores_in_headers = false;  // false: fields with '_' in the name are dropped, as nginx does
};

// parse_request_head reads one complete head: from the first byte of the request line up to and including the empty line
// (what HeadScanner found). Success fills every member of `out`; a Host that an absolute-form target contradicts is replaced by
// the target's (RFC 9112 section 3.2.2). On refusal `out` holds what was read so far, for the log.
// REQUIRES: `block` does not change or move while `out` lives; `out` is fresh and uses the same arena.
HeadResult parse_request_head(std::string_view block, const RequestLimits& limits, Arena& arena, RequestHead& out);

}  // namespace sluice
