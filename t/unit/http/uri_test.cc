#include <sluice/http/uri.h>

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;
using namespace std::string_literals;

namespace {

// The normalised path, or "400".
std::string normal(std::string_view raw, MergeSlashes merge = MergeSlashes::yes) {
  Arena arena;
  auto path = normalize_path(raw, merge, arena);
  return path ? std::string(*path) : "400";
}

std::string escape(std::string_view text, EscapeKind kind) {
  Arena arena;
  return std::string(escape_uri(text, kind, arena));
}

}  // namespace

TEST_CASE("a path is decoded once, then dots and slashes are resolved") {
  const struct {
    const char* raw;
    const char* merged;
    const char* unmerged;
  } rows[] = {
      {"/", "/", "/"},
      {"/a/b.c", "/a/b.c", "/a/b.c"},
      {"/.well-known/x", "/.well-known/x", "/.well-known/x"},
      {"/a/..b/c..", "/a/..b/c..", "/a/..b/c.."},
      {"/...", "/...", "/..."},
      {"/a/../admin", "/admin", "/admin"},
      {"/a/..", "/", "/"},
      {"/a/b/..", "/a/", "/a/"},
      {"/a/.", "/a/", "/a/"},
      {"/.", "/", "/"},
      {"/./", "/", "/"},
      {"/./a", "/a", "/a"},
      {"//admin", "/admin", "//admin"},
      {"/a//b", "/a/b", "/a//b"},
      {"/a//", "/a/", "/a//"},
      {"//", "/", "//"},
      {"/a//../b", "/b", "/a/b"},
      {"/a/b//../c", "/a/c", "/a/b/c"},
      {"/.%2e/", "400", "400"},
      {"/%2e%2e/", "400", "400"},
      {"/..", "400", "400"},
      {"/../", "400", "400"},
      {"/a/../..", "400", "400"},
      {"/a/../../b", "400", "400"},
      {"//..", "400", "/"},
      {"/a/%2e%2e%2fadmin", "/admin", "/admin"},
      {"/a/%2E./b", "/b", "/b"},
      {"/%2561dmin", "/%61dmin", "/%61dmin"},
      {"/%252e%252e/", "/%2e%2e/", "/%2e%2e/"},
      {"/a%2fb", "/a/b", "/a/b"},
      {"/a%2f%2fb", "/a/b", "/a//b"},
      {"/a%3fb%23c", "/a?b#c", "/a?b#c"},
      {"/%20%c3%a4", "/ \xc3\xa4", "/ \xc3\xa4"},
      {"/a%00", "400", "400"},
      {"/a%0a", "400", "400"},
      {"/a%0D", "400", "400"},
      {"/a%", "400", "400"},
      {"/a%4", "400", "400"},
      {"/a%zz", "400", "400"},
      {"/a%4z", "400", "400"},
      {"a", "400", "400"},
      {"", "400", "400"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.raw);
    CHECK(normal(row.raw) == row.merged);
    CHECK(normal(row.raw, MergeSlashes::no) == row.unmerged);
  }
}

TEST_CASE("dots that only some servers take for a dot segment are refused") {
  Arena arena;
  for (const char* path : {"/a/..;/b", "/a/.;/b", "/a/..;x=1", "/..;", "/a/%2e%2e;/b", "/a/..%3b/b", "/a/..%5cb", "/a/.%5cb", "/a%5c..%5cb", "/a%5c../b",
                           "/a%5c..", "/a%5c.", "/..%c0%afb", "/a/.%2e%5c", "/a/b/..%5C..%5Cc"}) {
    CAPTURE(path);
    CHECK_FALSE(normalize_path(path, MergeSlashes::yes, arena).ok());
    CHECK_FALSE(normalize_path(path, MergeSlashes::no, arena).ok());
  }
  for (const char* path : {"/a..;/b", "/...;/b", "/a;../b", "/.well-known;x", "/a;..", "/a%5cb", "/a%5c.b", "/a%5c...", "/..a%5c", "/.%c3%a9", "/a.%5cb",
                           "/a.%5c", "/.git;/"}) {
    CAPTURE(path);
    CHECK(normalize_path(path, MergeSlashes::yes, arena).ok());
  }
}

TEST_CASE("a path that is normal already is not copied") {
  Arena arena;
  for (std::string_view path : {"/", "/a/b", "/.git/..x", "/a."}) {
    auto result = normalize_path(path, MergeSlashes::yes, arena);
    REQUIRE(result.ok());
    CHECK(result->data() == path.data());
  }
  CHECK(arena.bytes_reserved() == 0);
}

TEST_CASE("each kind of escaping has its own set") {
  std::string all;
  for (char c = 0x20; c < 0x7f; ++c) {
    if ((c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) all += c;
  }
  REQUIRE(all == " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
  CHECK(escape(all, EscapeKind::uri) == "%20!%22%23$%25&'()*+,-./:;%3C=%3E%3F@[%5C]%5E_%60%7B%7C%7D~");
  CHECK(escape(all, EscapeKind::args) == "%20!%22%23$%25%26'()*%2B,-./:%3B%3C=%3E%3F@[%5C]%5E_%60%7B%7C%7D~");
  CHECK(escape(all, EscapeKind::component) ==
        "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~");
  CHECK(escape(all, EscapeKind::html) == "%20!%22%23$%25&%27()*+,-./:;%3C=%3E?@[%5C]%5E_%60%7B%7C%7D~");
  CHECK(escape(all, EscapeKind::refresh) == "%20!%22#$%&%27()*+,-./:;%3C=%3E?@[%5C]%5E_%60%7B%7C}%7E");
  CHECK(escape(all, EscapeKind::memcached) == "%20!\"#$%25&'()*+,-./:;<=>?@[\\]^_`{|}~");
  CHECK(escape(all, EscapeKind::lua_component) ==
        "%20!%22%23%24%25%26'()*%2B%2C-.%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~");
  CHECK(escape("\0\x1f\x7f\xff"s, EscapeKind::uri) == "%00%1F%7F%FF");
  CHECK(escape("\x1f\x7f\xff", EscapeKind::mail_auth) == "%1F\x7f\xff");
  CHECK(escape("", EscapeKind::uri).empty());
}

TEST_CASE("unescaping leaves what is no escape") {
  Arena arena;
  CHECK(unescape_uri("a%20b+c", Plus::as_space, arena) == "a b c");
  CHECK(unescape_uri("a%20b+c", Plus::keep, arena) == "a b+c");
  CHECK(unescape_uri("%zz%4%", Plus::as_space, arena) == "%zz%4%");
  CHECK(unescape_uri("%2561%%41", Plus::keep, arena) == "%61%A");
  CHECK(unescape_uri("%00", Plus::keep, arena) == "\0"s);
}

TEST_CASE("a query argument is the first with a value") {
  CHECK(query_arg("a=1&b=2&a=3", "a") == "1");
  CHECK(query_arg("a=1&B=2", "b") == "2");
  CHECK(query_arg("xa=1&a=%20", "a") == "%20");
  CHECK(query_arg("a&a=", "a") == "");
  CHECK(query_arg("a=b=c", "a") == "b=c");
  CHECK_FALSE(query_arg("a", "a"));
  CHECK_FALSE(query_arg("ab=1", "a"));
  CHECK_FALSE(query_arg("", "a"));
}

TEST_CASE("a cookie is the first of its name in any Cookie field") {
  Arena arena;
  Headers headers(arena);
  headers.add("Cookie", "a=1; b = 2 ;c=x=y;  empty=");
  headers.add("Cookie", "d=4; a=5");
  CHECK(cookie(headers, "a") == "1");
  CHECK(cookie(headers, "B") == "2");
  CHECK(cookie(headers, "c") == "x=y");
  CHECK(cookie(headers, "d") == "4");
  CHECK(cookie(headers, "empty") == "");
  CHECK_FALSE(cookie(headers, "x"));
}
