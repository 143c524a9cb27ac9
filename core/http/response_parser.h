// Response heads of HTTP/1: what an upstream sent, after RFC 9112. The caller treats every refusal as a 502 and closes the
// connection; the status in the HeadResult only tells "over a limit" (431) from "malformed" (400, 501).
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/http/message.h>

#include "http/head_result.h"

namespace sluice {

struct ResponseLimits {
  uint32_t line_bytes = 16384;
  uint32_t total_bytes = 65536;
  uint32_t max_fields = 200;
};

enum class RequestKind : uint8_t { head, other };  // HEAD has no response body, whatever the fields say

// parse_response_head reads one complete head: from the status line up to and including the empty line. Success fills
// status, version, reason, framing, content_length, keep_alive and headers. Framing (RFC 9112 section 6.3): none for HEAD,
// 1xx, 204 and 304; chunked; length; else until_close (then keep_alive is false). For HEAD and 304, content_length still
// tells a Content-Length that was given. A field name with '_' is kept.
// REQUIRES: `block` does not change or move while `out` lives; `out` is fresh.
HeadResult parse_response_head(std::string_view block, const ResponseLimits& limits, RequestKind request,
                               ResponseHead& out);

}  // namespace sluice
