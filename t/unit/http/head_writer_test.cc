#include "http/head_writer.h"

#include "http/request_parser.h"

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;
using namespace std::string_literals;

TEST_CASE("a head grows beyond its estimate") {
  Arena arena;
  HeadWriter writer(arena, 4);
  writer.write_status_line(HttpVersion::http11, 200);
  CHECK(writer.write_field(HeaderId::server, "sluice"));
  CHECK(writer.write_field("X-Own", ""));
  writer.write_field(HeaderId::content_length, uint64_t{12});
  writer.write_end();
  CHECK(writer.view() == "HTTP/1.1 200 OK\r\nServer: sluice\r\nX-Own: \r\nContent-Length: 12\r\n\r\n");
}

TEST_CASE("a status line has the given reason, or the standard one") {
  const auto line = [](HttpVersion version, int status, std::string_view reason) {
    Arena arena;
    HeadWriter writer(arena, 64);
    writer.write_status_line(version, status, reason);
    return std::string(writer.view());
  };
  CHECK(line(HttpVersion::http11, 404, "") == "HTTP/1.1 404 Not Found\r\n");
  CHECK(line(HttpVersion::http10, 404, "") == "HTTP/1.0 404 Not Found\r\n");
  CHECK(line(HttpVersion::http11, 404, "Gone Fishing") == "HTTP/1.1 404 Gone Fishing\r\n");
  CHECK(line(HttpVersion::http11, 404, "a\r\nb: c") == "HTTP/1.1 404 Not Found\r\n");
  CHECK(line(HttpVersion::http11, 599, "") == "HTTP/1.1 599 \r\n");
  CHECK(line(HttpVersion::http11, 7, "") == "HTTP/1.1 500 Internal Server Error\r\n");
}

TEST_CASE("fields that would break the message are left out") {
  Arena arena;
  HeadWriter writer(arena, 64);
  for (const std::string& value : {"a\rb"s, "a\nb"s, "a\0b"s, "a\r\nEvil: 1"s}) {
    CHECK_FALSE(writer.write_field("X-Own", value));
    CHECK_FALSE(writer.write_field(HeaderId::via, value));
    Headers headers(arena);
    headers.add("Via", value);
    CHECK_FALSE(writer.write_field(*headers.begin()));
  }
  CHECK_FALSE(writer.write_field("X Own", "1"));
  CHECK_FALSE(writer.write_field("X-Own:", "1"));
  CHECK_FALSE(writer.write_field("", "1"));
  CHECK_FALSE(writer.write_field(HeaderId::unknown, "1"));
  CHECK(writer.view().empty());
}

TEST_CASE("what is written is read back as the same request") {
  Arena arena;
  HeadWriter writer(arena, 512);
  writer.write_request_line("PATCH", "/a?b", HttpVersion::http11);
  CHECK(writer.write_field(HeaderId::host, "h"));
  CHECK(writer.write_field("X-Own", "v"));
  writer.write_end();
  RequestHead head(arena);
  REQUIRE(parse_request_head(writer.view(), {}, arena, head).ok());
  CHECK(head.method == Method::patch);
  CHECK(head.target == "/a?b");
  CHECK(head.headers.find("x-own")->value() == "v");
}
