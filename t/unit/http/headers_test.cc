#include <sluice/http/headers.h>
#include <sluice/http/message.h>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include <sluice/base/strings.h>

using namespace sluice;
using namespace std::string_literals;

TEST_CASE("every known header name is recognised in any case and nothing near it is") {
  for (size_t i = 1; i < static_cast<size_t>(HeaderId::count); ++i) {
    const auto id = static_cast<HeaderId>(i);
    const std::string name(header_name(id));
    CAPTURE(name);
    CHECK(header_id(name) == id);
    CHECK(header_id(lower(name)) == id);
    std::string upper = name;
    for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    CHECK(header_id(upper) == id);
    CHECK(header_id(name + "x") != id);
    for (size_t at = 0; at < name.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = name;
        other[at] = static_cast<char>(other[at] ^ (1 << bit));
        CHECK((header_id(other) == id) == iequals(other, name));
      }
    }
  }
  CHECK(header_id("") == HeaderId::unknown);
  CHECK(header_id("Content\rLength") == HeaderId::unknown);
  CHECK(header_id(std::string(100, 'a')) == HeaderId::unknown);
  CHECK(header_name(HeaderId::unknown).empty());
}

TEST_CASE("fields keep their order and are found by name") {
  Arena arena;
  Headers headers(arena);
  headers.add("Set-Cookie", "a");
  headers.add("X-Own", "1");
  headers.add("set-cookie", "b");
  headers.add("x-own", "2");
  const Header* cookie = headers.find(HeaderId::set_cookie);
  REQUIRE(cookie != nullptr);
  CHECK(cookie->value() == "a");
  CHECK(headers.next(cookie)->value() == "b");
  CHECK(headers.next(headers.next(cookie)) == nullptr);
  const Header* own = headers.find("X-OWN");
  REQUIRE(own != nullptr);
  CHECK(headers.next(own)->value() == "2");
  CHECK(headers.value(HeaderId::host).empty());
  CHECK(headers.size() == 4);
}

TEST_CASE("set replaces in place and leaves one field") {
  Arena arena;
  Headers headers(arena);
  headers.add("Via", "1");
  headers.add("Host", "a");
  headers.add("Via", "2");
  headers.set(HeaderId::via, "3");
  CHECK(headers.size() == 2);
  CHECK(headers.begin()->value() == "3");
  headers.set("X-Own", "1");
  headers.set("x-own", "2");
  CHECK(headers.size() == 3);
  CHECK(headers.find("X-Own")->value() == "2");
}

TEST_CASE("removed fields are not found and can come back") {
  Arena arena;
  Headers headers(arena);
  headers.add("Via", "1");
  headers.add("Via", "2");
  headers.add("X-Own", "1");
  CHECK(headers.remove(HeaderId::via) == 2);
  CHECK(headers.remove(HeaderId::via) == 0);
  CHECK(headers.remove("x-own") == 1);
  CHECK(headers.size() == 0);
  CHECK(headers.slots() == 3);
  CHECK(headers.find("X-Own") == nullptr);
  headers.add("Via", "3");
  CHECK(headers.value(HeaderId::via) == "3");
  headers.clear();
  CHECK_FALSE(headers.has(HeaderId::via));
}

TEST_CASE("known fields behind hundreds of others are found") {
  Arena arena;
  Headers headers(arena);
  for (int i = 0; i < 253; ++i) headers.add("X-Fill", "x");
  headers.add("Host", "at 253");
  headers.add("Via", "at 254");
  headers.add("X-Fill", "x");
  headers.add("Date", "at 256");
  CHECK(headers.value(HeaderId::host) == "at 253");
  CHECK(headers.value(HeaderId::via) == "at 254");
  CHECK(headers.value(HeaderId::date) == "at 256");
  headers.set(HeaderId::date, "new");
  CHECK(headers.value(HeaderId::date) == "new");
  CHECK(headers.remove(HeaderId::date) == 1);
  CHECK_FALSE(headers.has(HeaderId::date));
  CHECK(headers.size() == 256);
}

TEST_CASE("values that would break a message are not safe") {
  CHECK(header_value_is_safe(""));
  CHECK(header_value_is_safe("a\tb \x01 \xff and more than sixteen bytes"));
  for (char bad : {'\r', '\n', '\0'}) {
    for (size_t at : {0, 5, 15, 16, 17, 31}) {
      std::string text(32, 'x');
      text[at] = bad;
      CHECK_FALSE(header_value_is_safe(text));
    }
  }
  CHECK(header_name_is_valid("X-Own_1"));
  CHECK_FALSE(header_name_is_valid(""));
  CHECK_FALSE(header_name_is_valid("a b"));
  CHECK_FALSE(header_name_is_valid("a\r\n"));
  CHECK_FALSE(header_name_is_valid("a:"));
}

TEST_CASE("methods, versions and reasons have one name each") {
  for (uint32_t bit = 0x2; bit <= 0x10000; bit <<= 1) {
    const auto method = static_cast<Method>(bit);
    CHECK_FALSE(method_name(method).empty());
    CHECK(method_from(method_name(method)) == method);
  }
  CHECK(method_from("get") == Method::unknown);
  CHECK(method_from("") == Method::unknown);
  CHECK(method_is_idempotent(Method::put));
  CHECK_FALSE(method_is_idempotent(Method::post));
  CHECK_FALSE(method_is_idempotent(Method::patch));
  CHECK_FALSE(method_is_idempotent(Method::unknown));
  CHECK(version_name(HttpVersion::http10) == "HTTP/1.0");
  CHECK(status_reason(404) == "Not Found");
  CHECK(status_reason(444).empty());
}
