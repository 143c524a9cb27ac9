#include "head.h"

#include <catch2/catch.hpp>

using namespace sluice::bench;

TEST_CASE("a field is found in any case and without the space around it") {
  constexpr std::string_view kHead = "GET / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  12 \r\nX-Length: 3\r\nEmpty:\r\n";
  CHECK(field(kHead, "Content-Length") == "12");
  CHECK(field(kHead, "Host") == "a");
  CHECK(field(kHead, "Length").empty());
  CHECK(field(kHead, "Empty").empty());
  CHECK(field(kHead, "Absent").empty());
}

TEST_CASE("a token is compared as a whole") {
  CHECK(is_token("Close", "close"));
  CHECK_FALSE(is_token("closed", "close"));
  CHECK_FALSE(is_token("", "close"));
}

TEST_CASE("the path ends at the query or the target's end") {
  CHECK(path_of("GET /a/b?c=d HTTP/1.1\r\n") == "/a/b");
  CHECK(path_of("GET /a HTTP/1.1\r\n") == "/a");
  CHECK(target_of("GET /a?c HTTP/1.1\r\n") == "/a?c");
  CHECK(path_of("nonsense").empty() == false);
}

TEST_CASE("an argument of the query is found by its whole name") {
  CHECK(argument("/sse?every=20", "every") == "20");
  CHECK(argument("/sse?never=1&every=5&x=2", "every") == "5");
  CHECK(argument("/sse?every", "every").empty());
  CHECK(argument("/sse?everything=1", "every").empty());
  CHECK(argument("/sse", "every").empty());
}
