#include "http/response_parser.h"

#include <catch2/catch.hpp>

#include <string>

#include "http/head_scanner.h"

using namespace sluice;
using namespace std::string_literals;

namespace {

struct Parsed {
  explicit Parsed(std::string text, RequestKind kind = RequestKind::other, const ResponseLimits& limits = {})
      : block(std::move(text)), head(arena) {
    result = parse_response_head(block, limits, kind, head);
  }
  std::string block;
  Arena arena;
  ResponseHead head;
  HeadResult result;
};

bool accepted(const std::string& text) {
  HeadScanner scanner(HeadScanner::Kind::response, {});
  const HeadScan scan = scanner.scan(text);
  return scan.state == HeadScan::State::found && Parsed(text).result.ok();
}

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n"; }

BodyFraming framing(const std::string& text, RequestKind kind = RequestKind::other) {
  Parsed p(text, kind);
  REQUIRE(p.result.ok());
  return p.head.framing;
}

}  // namespace

TEST_CASE("a response head is cut into its parts") {
  Parsed p("HTTP/1.1 404 Not  Here\r\nContent-Length: 7\r\nX_Under: 1\r\nServer: x\r\n\r\n");
  REQUIRE(p.result.ok());
  CHECK(p.head.status == 404);
  CHECK(p.head.reason == "Not  Here");
  CHECK(p.head.framing == BodyFraming::length);
  CHECK(p.head.content_length == 7);
  CHECK(p.head.headers.size() == 3);
  CHECK(p.head.keep_alive);
}

TEST_CASE("status lines are strict where it matters and lenient where servers are (U6)") {
  for (const char* line : {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 999 x", "HTTP/1.1 200 caf\xc3\xa9"}) {
    CAPTURE(line);
    CHECK(accepted(line + "\r\n\r\n"s));
  }
  for (const char* line : {"HTTP/1.1 2000", "HTTP/1.1  200", "ICY 200 OK", "HTTP/1.1 20", "HTTP/1.1 099 x", "HTTP/1.1 2x0 OK",
                           "HTTP/2.0 200 OK", "HTTP/1 200 OK", "http/1.1 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1", "H",
                           " HTTP/1.1 200 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 200\tOK"}) {
    CAPTURE(line);
    CHECK_FALSE(accepted(line + "\r\n\r\n"s));
  }
}

TEST_CASE("responses with doubtful framing are refused (U1)") {
  const std::string rows[] = {
      ok("Content-Length: 1\r\nTransfer-Encoding: chunked"),
      ok("Content-Length: 1\r\nContent-Length: 1"),
      ok("Content-Length: -1"),
      ok("Content-Length: 99999999999999999999"),
      ok("Content-Length: 1, 1"),
      ok("Transfer-Encoding: gzip"),
      ok("Transfer-Encoding: gzip, chunked"),
      ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
      "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 101 No\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      ok("X: a\r\n b"),
      "HTTP/1.1 200 OK\r\nX: a\n\r\n",
      ok("X : a"),
      ok("X: a\0"s),
      ok("no colon"),
      ok(std::string(65536, 'n') + ": 1"),
  };
  for (const std::string& text : rows) {
    CAPTURE(text.substr(0, 100));
    CHECK_FALSE(accepted(text));
  }
}

TEST_CASE("the framing of a response follows request, status and fields (U5)") {
  CHECK(framing(ok("Content-Length: 3"), RequestKind::head) == BodyFraming::none);
  CHECK(framing(ok("Transfer-Encoding: chunked"), RequestKind::head) == BodyFraming::none);
  CHECK(framing("HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n") == BodyFraming::none);
  CHECK(framing("HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n") == BodyFraming::none);
  CHECK(framing("HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n") == BodyFraming::none);
  CHECK(framing("HTTP/1.1 100 x\r\n\r\n") == BodyFraming::none);
  CHECK(framing(ok("Transfer-Encoding: Chunked")) == BodyFraming::chunked);
  CHECK(framing(ok("Content-Length: 0")) == BodyFraming::length);
  CHECK(framing(ok("X: 1")) == BodyFraming::until_close);
  Parsed head(ok("Content-Length: 3"), RequestKind::head);
  CHECK(head.head.content_length == 3);
}

TEST_CASE("an upstream connection is kept only when the response says where it ends") {
  CHECK(Parsed(ok("Content-Length: 0")).head.keep_alive);
  CHECK_FALSE(Parsed(ok("Content-Length: 0\r\nConnection: close")).head.keep_alive);
  CHECK_FALSE(Parsed(ok("X: 1")).head.keep_alive);
  CHECK_FALSE(Parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").head.keep_alive);
  CHECK(Parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST_CASE("response limits are told from malformed heads") {
  ResponseLimits limits;
  limits.max_fields = 1;
  CHECK(Parsed(ok("X: 1"), RequestKind::other, limits).result.ok());
  CHECK(Parsed(ok("X: 1\r\nY: 1"), RequestKind::other, limits).result.status == 431);
  limits = {};
  limits.line_bytes = 4;
  CHECK(Parsed(ok("X: 1"), RequestKind::other, limits).result.ok());
  CHECK(Parsed(ok("X: 12"), RequestKind::other, limits).result.status == 431);
}
