// Messages: what a request and a response are, whatever the protocol version on the wire.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/http/headers.h>

namespace sluice {

// Bit values are nginx's (ngx.HTTP_GET == 2, ...): Lua code does arithmetic with them.
enum class Method : uint32_t {
  unknown = 0x1,
  get = 0x2, head = 0x4, post = 0x8, put = 0x10, del = 0x20, mkcol = 0x40, copy = 0x80, move = 0x100,
  options = 0x200, propfind = 0x400, proppatch = 0x800, lock = 0x1000, unlock = 0x2000, patch = 0x4000,
  trace = 0x8000, connect = 0x10000,
};

SLUICE_API Method method_from(std::string_view name);      // Method::unknown for extension methods
SLUICE_API std::string_view method_name(Method method);    // empty for unknown
// RFC 9110 section 9.2.2: repeating the request has the effect of one.
SLUICE_API bool method_is_idempotent(Method method);

enum class HttpVersion : uint8_t { http10 = 10, http11 = 11, http2 = 20 };
SLUICE_API std::string_view version_name(HttpVersion version);  // "HTTP/1.1"

// How the end of a body is known.
enum class BodyFraming : uint8_t { none, length, chunked, until_close };

// RequestHead is one parsed request head. All views live in the exchange's arena.
struct RequestHead {
  explicit RequestHead(Arena& arena) : headers(arena) {}

  Method method = Method::unknown;
  HttpVersion version = HttpVersion::http11;
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = true;          // the client's wish: version and Connection
  bool expect_continue = false;    // Expect: 100-continue
  bool wants_upgrade = false;      // Connection: upgrade with an Upgrade field
  uint64_t content_length = 0;     // valid when framing == length
  std::string_view line;           // "GET /x?y HTTP/1.1" without CRLF, as received
  std::string_view method_text;    // as received
  std::string_view target;         // as received
  std::string_view path;           // target's path in raw form ("/" for "*" and for an absolute form without a path)
  std::string_view query;          // after the first '?', without it
  bool has_query = false;          // a '?' was there
  std::string_view authority;      // host[:port] of an absolute-form target, else of Host; raw
  std::string_view host;           // lower-case, no port, no trailing dot; "[...]" kept for IPv6
  Headers headers;
};

// ResponseHead is one response head: parsed from an upstream or made by us.
struct ResponseHead {
  explicit ResponseHead(Arena& arena) : headers(arena) {}

  int status = 0;                  // 100..999; 0 = not set yet
  HttpVersion version = HttpVersion::http11;
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = true;
  uint64_t content_length = 0;     // valid when framing == length
  std::string_view reason;         // as received; empty = the standard phrase
  Headers headers;
};

// status_reason is the standard phrase ("Not Found"); empty for unknown codes.
SLUICE_API std::string_view status_reason(int status);

}  // namespace sluice
