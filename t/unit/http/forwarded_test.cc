#include <sluice/http/forwarded.h>

#include <string>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

constexpr std::string_view kField = "X-Forwarded-For";

std::string client(std::initializer_list<std::string_view> values, Recursion recursion, std::string_view from = "127.0.0.1") {
  Arena arena;
  Headers headers(arena);
  for (std::string_view value : values) headers.add("x-forwarded-for", value);
  headers.add("X-Other", "9.9.9.9");
  TrustedProxies trusted;
  for (std::string_view block : {"127.0.0.1", "10.0.0.0/8"}) trusted.addresses.paint(*IpBlock::parse_cidr(block), 1);
  trusted.addresses.seal();
  const auto found = forwarded_address(*Address::from_ip(from), headers, kField, trusted, recursion);
  return !found ? "" : found->port() == 0 ? found->host_text() : found->text();
}

}  // namespace

TEST_CASE("one step is the last address of the last field") {
  REQUIRE(client({"1.1.1.1, 2.2.2.2"}, Recursion::off) == "2.2.2.2");
  REQUIRE(client({"1.1.1.1", "2.2.2.2 ,\t, 3.3.3.3:80 ,"}, Recursion::off) == "3.3.3.3:80");
  REQUIRE(client({"[::5]:443"}, Recursion::off) == "[::5]:443");
  REQUIRE(client({"[::5]"}, Recursion::off) == "::5");
  REQUIRE(client({"::5"}, Recursion::off) == "::5");
  REQUIRE(client({"1.1.1.1"}, Recursion::off, "2.2.2.2") == "");
  REQUIRE(client({}, Recursion::off) == "");
}

TEST_CASE("recursion goes on while who is found is trusted") {
  REQUIRE(client({"1.1.1.1, 2.2.2.2, 10.0.0.1"}, Recursion::on) == "2.2.2.2");
  REQUIRE(client({"1.1.1.1, 2.2.2.2", "10.0.0.2,10.0.0.1"}, Recursion::on) == "2.2.2.2");
  REQUIRE(client({"10.0.0.2,10.0.0.1"}, Recursion::on) == "10.0.0.2");
  REQUIRE(client({"1.1.1.1, x, 10.0.0.1"}, Recursion::on) == "10.0.0.1");
}

TEST_CASE("garbage names nobody") {
  for (std::string_view bad : {"", " ", ",", "unknown", "_x", "1.2.3", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x", "[::1", "::1]", "[1.2.3.4]:80x",
                               "[]", "[::1]80", "unix:/x", "*:80", "1.2.3.4]", "[::1]:"}) {
    INFO(bad);
    REQUIRE(client({bad}, Recursion::off) == "");
  }
}
