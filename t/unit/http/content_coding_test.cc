#include <sluice/http/content_coding.h>

#include <catch2/catch.hpp>

#include <sluice/http/media_types.h>

namespace sluice {

namespace {

bool accepts(std::initializer_list<std::string_view> fields) {
  Arena arena;
  Headers headers(arena);
  for (std::string_view field : fields) headers.add(HeaderId::accept_encoding, field);
  return accepts_gzip(headers);
}

}  // namespace

TEST_CASE("gzip is accepted when it is named with a weight above zero") {
  CHECK(accepts({"gzip"}));
  CHECK(accepts({"deflate, GZIP"}));
  CHECK(accepts({"x-gzip"}));
  CHECK(accepts({"gzip;q=0.001"}));
  CHECK(accepts({"gzip ; q=1.000"}));
  CHECK(accepts({"br", "gzip"}));
  CHECK(accepts({"gzip;foo=1;q=0.5, identity;q=0.5"}));
  CHECK_FALSE(accepts({}));
  CHECK_FALSE(accepts({""}));
  CHECK_FALSE(accepts({"*"}));
  CHECK_FALSE(accepts({"gzip2, notgzip, gzip-x"}));
  CHECK_FALSE(accepts({"gzip;q=0"}));
  CHECK_FALSE(accepts({"gzip;q=0.000"}));
}

TEST_CASE("a weight that is none counts as zero") {
  CHECK_FALSE(accepts({"gzip;q="}));
  CHECK_FALSE(accepts({"gzip;q=2"}));
  CHECK_FALSE(accepts({"gzip;q=1.001"}));
  CHECK_FALSE(accepts({"gzip;q=0.x"}));
  CHECK_FALSE(accepts({"gzip;q=0.1234"}));
}

TEST_CASE("what is not to be coded rather than coded is not coded") {
  CHECK_FALSE(accepts({"gzip;q=0.5, identity"}));
  CHECK(accepts({"gzip;q=0.5, identity;q=0.4"}));
}

TEST_CASE("other bytes have no length, no ranges and a weak ETag") {
  Arena arena;
  Headers headers(arena);
  headers.add(HeaderId::content_length, "10");
  headers.add(HeaderId::accept_ranges, "bytes");
  headers.add(HeaderId::etag, "\"a\"");
  content_recoded(headers, arena);
  CHECK_FALSE(headers.has(HeaderId::content_length));
  CHECK_FALSE(headers.has(HeaderId::accept_ranges));
  CHECK(headers.value(HeaderId::etag) == "W/\"a\"");
  content_recoded(headers, arena);
  CHECK(headers.value(HeaderId::etag) == "W/\"a\"");
  headers.set(HeaderId::etag, "a");
  content_recoded(headers, arena);
  CHECK_FALSE(headers.has(HeaderId::etag));
}

TEST_CASE("Vary names Accept-Encoding once") {
  Arena arena;
  Headers headers(arena);
  headers.add(HeaderId::vary, "Cookie, accept-encoding");
  add_vary_encoding(headers);
  CHECK(headers.size() == 1);
  headers.set(HeaderId::vary, "Cookie");
  add_vary_encoding(headers);
  CHECK(headers.size() == 2);
}

TEST_CASE("media types are compared without parameters and case") {
  MediaTypes types;
  CHECK_FALSE(types.add("text/HTML"));
  CHECK(types.add("application/json"));
  CHECK(types.matches("text/html; charset=utf-8"));
  CHECK(types.matches("Application/JSON"));
  CHECK_FALSE(types.matches("text/plain"));
  CHECK_FALSE(types.matches("text/htmlx"));
  CHECK(types.add("*"));
  CHECK(types.matches("image/png"));
  CHECK_FALSE(types.matches(""));
}

}  // namespace sluice
