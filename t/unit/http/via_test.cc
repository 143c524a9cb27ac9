#include "http/via.h"

#include <catch2/catch.hpp>

using namespace sluice;

namespace {

size_t entries(std::initializer_list<std::string_view> values, std::string_view pseudonym = "us") {
  Arena arena;
  Headers headers(arena);
  for (std::string_view value : values) headers.add("Via", value);
  return via_entries(headers, pseudonym);
}

}  // namespace

TEST_CASE("Via names the proxies that a message has passed") {
  CHECK(entries({}) == 0);
  CHECK(entries({"1.1 us"}) == 1);
  CHECK(entries({"1.0 them, 1.1 us, HTTP/1.1 US:8080 (a proxy)", "1.1 us"}) == 3);
  CHECK(entries({" ,, 1.1\t us(close) ,"}) == 1);
  CHECK(entries({"us", "1.1", "1.1 use", "1.1 u", "us 1.1", "1.1 a us", ""}) == 0);
}

TEST_CASE("a comment in Via is no proxy") {
  CHECK(entries({"1.1 a (b, 1.1 us)"}) == 0);
  CHECK(entries({"1.1 a (b (c), 1.1 us), 1.1 us"}) == 1);
  CHECK(entries({"1.1 a (\\), 1.1 us), 1.1 us"}) == 1);
  CHECK(entries({"1.1 a (, 1.1 us"}) == 0);
  CHECK(entries({"1.1 a (\\"}) == 0);
  CHECK(entries({"1.1 a ), 1.1 us"}) == 1);
}
