#include "http/request_parser.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "http/head_scanner.h"

using namespace sluice;
using namespace std::string_literals;

namespace {

struct Parsed {
  explicit Parsed(std::string text, const RequestLimits& limits = {}) : block(std::move(text)), head(arena) {
    result = parse_request_head(block, limits, arena, head);
  }
  std::string block;
  Arena arena;
  RequestHead head;
  HeadResult result;
};

// What a server answers: the scanner's verdict, else the parser's. 0 = accepted.
int status_of(const std::string& text, const RequestLimits& limits = {}) {
  HeadScanner scanner(HeadScanner::Kind::request, {});
  const HeadScan scan = scanner.scan(text);
  if (scan.state == HeadScan::State::refused) return scan.refusal.status;
  REQUIRE(scan.state == HeadScan::State::found);
  Parsed parsed(text.substr(scanner.skipped(), scan.end - scanner.skipped()), limits);
  INFO(parsed.result.reason);
  return parsed.result.status;
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string with(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n"; }
std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost:" + value + "\r\n\r\n"; }

struct Row {
  std::string text;
  int status;
};

void check(const std::vector<Row>& rows, const RequestLimits& limits = {}) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(status_of(row.text, limits) == row.status);
  }
}

}  // namespace

TEST_CASE("a request head is cut into its parts") {
  Parsed p("GET /a/b?x=1&y HTTP/1.1\r\nHost: Example.COM:8080\r\nUser-Agent:  curl \t\r\nX-Own: 1\r\n\r\n");
  REQUIRE(p.result.ok());
  CHECK(p.head.method == Method::get);
  CHECK(p.head.version == HttpVersion::http11);
  CHECK(p.head.line == "GET /a/b?x=1&y HTTP/1.1");
  CHECK(p.head.target == "/a/b?x=1&y");
  CHECK(p.head.path == "/a/b");
  CHECK(p.head.query == "x=1&y");
  CHECK(p.head.has_query);
  CHECK(p.head.authority == "Example.COM:8080");
  CHECK(p.head.host == "example.com");
  CHECK(p.head.headers.value(HeaderId::user_agent) == "curl");
  CHECK(p.head.headers.find("x-own")->value() == "1");
  CHECK(p.head.keep_alive);
  CHECK(p.head.framing == BodyFraming::none);
}

TEST_CASE("Content-Length and Transfer-Encoding never meet (S-H1-01)") {
  check({{with("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400},
         {with("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400}});
}

TEST_CASE("Transfer-Encoding is exactly chunked, once (S-H1-02)") {
  check({{with("Transfer-Encoding: chunked"), 0},
         {with("Transfer-Encoding: ChUnKeD"), 0},
         {with("Transfer-Encoding: gzip, chunked"), 501},
         {with("Transfer-Encoding: xchunked"), 400},
         {with("Transfer-Encoding: chunked, chunked"), 400},
         {with("Transfer-Encoding: chunked;x=1"), 400},
         {with("Transfer-Encoding: , chunked"), 400},
         {with("Transfer-Encoding: chunked,"), 400},
         {with("Transfer-Encoding: identity"), 400},
         {with("Transfer-Encoding: identity, chunked"), 400},
         {with("Transfer-Encoding: chunked, gzip"), 400},
         {with("Transfer-Encoding:"), 400},
         {with("Transfer-Encoding: \x0b"s + "chunked"), 400},
         {with("Transfer-Encoding: chunked\x0c"), 400},
         {with("Transfer-Encoding: chunked\0"s), 400},
         {with("Transfer-Encoding : chunked"), 400},
         {with("\tTransfer-Encoding: chunked"), 400},
         {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
         {with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), 400},
         {with("Transfer-Encoding:\n chunked"), 400},
         {with("Transfer-Encoding:\r\n chunked"), 400}});
}

TEST_CASE("an underscore spelling of a framing field is dropped and frames nothing") {
  Parsed p(with("Transfer_Encoding: chunked\r\nContent-Length: 3"));
  REQUIRE(p.result.ok());
  CHECK(p.head.framing == BodyFraming::length);
  CHECK(p.head.content_length == 3);
  CHECK(p.head.headers.find("Transfer_Encoding") == nullptr);
  RequestLimits keep;
  keep.underscores_in_headers = true;
  Parsed kept(with("X_Own: 1"), keep);
  REQUIRE(kept.head.headers.find("x_own") != nullptr);
}

TEST_CASE("Transfer-Encoding in an HTTP/1.0 request is refused (S-H1-03)") {
  check({{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
         {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400}});
}

TEST_CASE("Content-Length is one number below 2^63 (S-H1-04)") {
  for (const char* value : {"+5", "-5", "-0", "0x5", "0o5", "5_0", "5,5", "5,6", "5, 5", "\"5\"", "5 5", "1e1", "5;", "",
                            "99999999999999999999", "9223372036854775808", "18446744073709551616"}) {
    CAPTURE(value);
    CHECK(status_of(with("Content-Length: "s + value)) == 400);
  }
  CHECK(status_of(with("Content-Length: 5\r\nContent-Length: 5")) == 400);
  CHECK(status_of(with("Content-Length: 5\r\nContent-Length: 6")) == 400);
  Parsed zeros(with("Content-Length:\t0005"));
  REQUIRE(zeros.result.ok());
  CHECK(zeros.head.content_length == 5);
  CHECK(zeros.head.framing == BodyFraming::length);
  Parsed largest(with("Content-Length: 9223372036854775807"));
  REQUIRE(largest.result.ok());
  CHECK(largest.head.content_length == INT64_MAX);
}

TEST_CASE("lines end in CRLF and nothing else (S-H1-05)") {
  check({{"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
         {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
         {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
         {"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
         {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400},
         {"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
         {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
         {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
         {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
         {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400}});
}

TEST_CASE("malformed fields are refused (S-H1-06)") {
  check({{with("X: a\r\n b"), 400},
         {with("X: a\r\n\tb"), 400},
         {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
         {with("X : a"), 400},
         {with("X\t: a"), 400},
         {with("no colon"), 400},
         {with(": a"), 400},
         {with("X(: a"), 400},
         {with("X Y: a"), 400},
         {with("Content\rLength: 1"), 400},
         {with("X\x80: a"), 400},
         {with("X: a\0b"s), 400},
         {with("X: a\x01"), 400},
         {with("X: a\x7f"), 400},
         {with("X: \xc3\xa4\ttab"), 0},
         {with("X:"), 0}});
}

TEST_CASE("the request line is read strictly (S-H1-11)") {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  check({{"GET" + rest, 400},
         {"GET /" + rest, 400},
         {"GET  / HTTP/1.1" + rest, 400},
         {"GET /  HTTP/1.1" + rest, 400},
         {"GET HTTP/1.1" + rest, 400},
         {"GET  HTTP/1.1" + rest, 400},
         {"GET\t/ HTTP/1.1" + rest, 400},
         {"GET /\tHTTP/1.1" + rest, 400},
         {"GET /a b HTTP/1.1" + rest, 400},
         {"GET / HTTP/1.1 " + rest, 400},
         {" GET / HTTP/1.1" + rest, 400},
         {"GET / HTTP/1.2" + rest, 0},
         {"GET / HTTP/2.0" + rest, 505},
         {"GET / HTTP/0.9" + rest, 505},
         {"GET / HTTP/3.0" + rest, 505},
         {"GET / HTTP/01.1" + rest, 400},
         {"GET / http/1.1" + rest, 400},
         {"GET / HTTP/1" + rest, 400},
         {"GET / HTTP/1.11" + rest, 400},
         {"GET / HTTP/1,1" + rest, 400},
         {"GET / HTTPS/1.1" + rest, 400},
         {"get / HTTP/1.1" + rest, 400},
         {"G(T / HTTP/1.1" + rest, 400},
         {"M-SEARCH / HTTP/1.1" + rest, 0},
         {std::string(1024, 'A') + " / HTTP/1.1" + rest, 501},
         {get("/#frag"), 400},
         {get("/?a#frag"), 400},
         {get("/\xc3\xa4"), 400},
         {get("/\x01"), 400},
         {get("/a\\b"), 400},
         {get("/a|b{}?c=\\|^`"), 0},
         {get("/%00"), 0}});
  CHECK(status_of(get("/a\0b"s)) == 400);
  CHECK(Parsed("GET / HTTP/1.2" + rest).head.version == HttpVersion::http11);
}

TEST_CASE("target forms are told apart (S-H1-12)") {
  check({{get("*"), 400},
         {get("*/x"), 400},
         {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
         {"OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
         {get("x"), 400},
         {get("a:80"), 400},
         {get("?x"), 400},
         {get("http://a@b/"), 400},
         {get("http:///x"), 400},
         {get("http://"), 400},
         {get("http:/x"), 400},
         {get("ftp://a/"), 400},
         {get("://a/"), 400},
         {get("http://a:99999/"), 400},
         {get("http://a#x"), 400},
         {get("http://a\\b/"), 400},
         {get("HTTP://a:80/"), 0},
         {get("https://a"), 0},
         {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
         {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
         {"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 405}});
}

TEST_CASE("the authority of an absolute-form target replaces Host") {
  Parsed p("GET http://Real.example:81?q=1 HTTP/1.1\r\nHost: other\r\n\r\n");
  REQUIRE(p.result.ok());
  CHECK(p.head.authority == "Real.example:81");
  CHECK(p.head.host == "real.example");
  CHECK(p.head.headers.value(HeaderId::host) == "Real.example:81");
  CHECK(p.head.path == "/");
  CHECK(p.head.query == "q=1");
  Parsed old("GET http://a/x HTTP/1.0\r\n\r\n");
  REQUIRE(old.result.ok());
  CHECK(old.head.headers.value(HeaderId::host) == "a");
  CHECK(old.head.path == "/x");
  CHECK(status_of("GET http://a/ HTTP/1.1\r\n\r\n") == 400);
}

TEST_CASE("an asterisk target has the root as its path") {
  Parsed p("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(p.head.path == "/");
  CHECK(p.head.target == "*");
}

TEST_CASE("Host is present, single and valid (S-H1-13)") {
  check({{"GET / HTTP/1.1\r\n\r\n", 400},
         {"GET / HTTP/1.0\r\n\r\n", 0},
         {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
         {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
         {host(""), 400},
         {host(" a,b"), 400},
         {host(" a/b"), 400},
         {host(" u@a"), 400},
         {host(" a:port0x"), 400},
         {host(" a:70000"), 400},
         {host(" a:80:80"), 400},
         {host(" [::1"), 400},
         {host(" [::1]x"), 400},
         {host(" []"), 400},
         {host(" [::g]"), 400},
         {host(" a%2e"), 400},
         {host(" a..b"), 400},
         {host(" ."), 400},
         {host(" :80"), 400},
         {host(" a b"), 400},
         {host(" a\0"s), 400},
         {host(" a:"), 0},
         {host(" a_b"), 0},
         {host(" [::1]:80"), 0}});
  CHECK(Parsed(host(" A.B.:80")).head.host == "a.b");
  CHECK(Parsed(host(" A.B.:80")).head.authority == "A.B.:80");
  CHECK(Parsed(host(" [::AB]:80")).head.host == "[::ab]");
}

TEST_CASE("expectations other than 100-continue are refused (S-H1-16)") {
  check({{with("Expect: 100-continue"), 0},
         {with("Expect: 100-Continue"), 0},
         {with("Expect: y 100-continue"), 417},
         {with("Expect: 200-ok"), 417},
         {with("Expect:"), 417}});
  CHECK(Parsed(with("Expect: 100-continue")).head.expect_continue);
  CHECK_FALSE(Parsed("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
}

TEST_CASE("keep-alive follows version and Connection") {
  CHECK(Parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").head.keep_alive);
  CHECK_FALSE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n").head.keep_alive);
  CHECK_FALSE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: y, close\r\n\r\n").head.keep_alive);
  CHECK_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  CHECK(Parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
  CHECK_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").head.keep_alive);
}

TEST_CASE("an upgrade needs both Connection and Upgrade and HTTP/1.1") {
  CHECK(Parsed(with("Connection: keep-alive, Upgrade\r\nUpgrade: websocket")).head.wants_upgrade);
  CHECK_FALSE(Parsed(with("Upgrade: websocket")).head.wants_upgrade);
  CHECK_FALSE(Parsed(with("Connection: upgrade")).head.wants_upgrade);
  CHECK_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").head.wants_upgrade);
}

TEST_CASE("request limits hold at, below and above") {
  RequestLimits limits;
  limits.uri_bytes = 10;
  check({{get("/" + std::string(8, 'a')), 0}, {get("/" + std::string(9, 'a')), 0}, {get("/" + std::string(10, 'a')), 414}},
        limits);
  limits = {};
  limits.line_bytes = 20;
  check({{with("X: " + std::string(16, 'a')), 0},
         {with("X: " + std::string(17, 'a')), 0},
         {with("X: " + std::string(18, 'a')), 431}},
        limits);
  limits = {};
  limits.max_fields = 2;
  check({{with("X: 1"), 0}, {with("X: 1\r\nY: 1"), 431}, {with("X_: 1\r\nY: 1"), 431}}, limits);
  limits = {};
  const std::string text = with("X: 1");
  limits.total_bytes = static_cast<uint32_t>(text.size());
  CHECK(status_of(text, limits) == 0);
  limits.total_bytes--;
  CHECK(status_of(text, limits) == 431);
}

TEST_CASE("a block that is no complete head is refused, whatever it is cut to") {
  const std::string text = "POST http://h/a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n";
  REQUIRE(Parsed(text).result.ok());
  for (size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(Parsed(text.substr(0, size)).result.ok());
  }
}
