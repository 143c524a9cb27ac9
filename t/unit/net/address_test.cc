#include <sluice/os/address.h>

#include <string>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

TEST_CASE("literal addresses are parsed and printed") {
  REQUIRE(Address::parse("127.0.0.1:80")->text() == "127.0.0.1:80");
  REQUIRE(Address::parse("127.0.0.1", 8080)->text() == "127.0.0.1:8080");
  REQUIRE(Address::parse("*:80")->text() == "0.0.0.0:80");
  REQUIRE(Address::parse("[::1]:443")->text() == "[::1]:443");
  REQUIRE(Address::parse("[::1]", 80)->host_text() == "::1");
  REQUIRE(Address::parse("unix:/run/x.sock")->text() == "unix:/run/x.sock");
  REQUIRE(Address::parse("unix:/run/x.sock")->host_text() == "unix:");
  REQUIRE(Address::parse("unix:/run/x.sock")->port() == 0);
  REQUIRE(Address::parse("10.0.0.1:65535")->port() == 65535);
}

TEST_CASE("what is no address says why") {
  auto reason = [](std::string_view text) { return Address::parse(text).error().text; };
  REQUIRE(reason("127.0.0.1:0") == "invalid port in \"127.0.0.1:0\"");
  REQUIRE(reason("127.0.0.1:65536") == "invalid port in \"127.0.0.1:65536\"");
  REQUIRE(reason("127.0.0.1:") == "invalid port in \"127.0.0.1:\"");
  REQUIRE(reason("127.0.0.1") == "no port in \"127.0.0.1\"");
  REQUIRE(reason("[::1:80") == "invalid IPv6 address in \"[::1:80\"");
  REQUIRE(reason("[zz]:80") == "invalid IPv6 address in \"[zz]:80\"");
  REQUIRE(reason("example.test:80") == "invalid address \"example.test:80\"");
  REQUIRE(reason(":80") == "no host in \":80\"");
  REQUIRE(reason("unix:") == "no path in the unix domain socket \"unix:\"");
  std::string longest = "unix:/" + std::string(106, 'x');
  REQUIRE(Address::parse(longest).ok());
  REQUIRE_FALSE(Address::parse(longest + "x").ok());
}

TEST_CASE("equal addresses are equal") {
  REQUIRE(*Address::parse("127.0.0.1:80") == *Address::parse("127.0.0.1", 80));
  REQUIRE_FALSE(*Address::parse("127.0.0.1:80") == *Address::parse("127.0.0.1:81"));
}

TEST_CASE("names are resolved, literals need no resolver") {
  auto local = Address::resolve("localhost:81", 80);
  REQUIRE(local.ok());
  REQUIRE_FALSE(local->empty());
  REQUIRE(local->front().port() == 81);
  REQUIRE(Address::resolve("127.0.0.2", 80)->front().text() == "127.0.0.2:80");
  auto unknown = Address::resolve("nobody.invalid", 80);
  REQUIRE(unknown.error().kind == ErrorKind::not_found);
  REQUIRE(unknown.error().text == "host not found in \"nobody.invalid\"");
}
