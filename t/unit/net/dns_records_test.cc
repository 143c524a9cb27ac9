#include "net/dns_records.h"

#include <algorithm>

#include <sluice/base/strings.h>

#include "dns_packets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr unsigned kA = 1, kCname = 5, kAaaa = 28, kSrv = 33;
const std::string kLoopback("\x7f\0\0\1", 4);

DnsOutcome parse(const std::string& bytes, DnsType type, DnsRecords& out) {
  return parse_records({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, type, out);
}

std::string srv(unsigned priority, unsigned weight, unsigned port, std::string_view host) {
  return u16(priority) + u16(weight) + u16(port) + encoded_name(host);
}

}  // namespace

TEST_CASE("addresses come with the smallest TTL of what led to them") {
  DnsRecords records;
  DnsResponse response("a.test", kA);
  response.record("a.test", kCname, 30, encoded_name("b.test")).record("b.test", kA, 60, kLoopback).record("b.test", kA, 90, std::string("\x0a\0\0\1", 4));
  REQUIRE(parse(response.bytes(), DnsType::a, records) == DnsOutcome::found);
  REQUIRE(records.addresses.size() == 2);
  REQUIRE(records.addresses[0].text() == "127.0.0.1:0");
  REQUIRE(records.addresses[1].text() == "10.0.0.1:0");
  REQUIRE(records.ttl_s == 30);
}

TEST_CASE("IPv6 addresses") {
  DnsRecords records;
  DnsResponse response("a.test", kAaaa);
  response.record("a.test", kAaaa, 5, std::string(15, '\0') + '\1');
  REQUIRE(parse(response.bytes(), DnsType::aaaa, records) == DnsOutcome::found);
  REQUIRE(records.addresses[0].text() == "[::1]:0");
  REQUIRE(records.ttl_s == 5);
}

TEST_CASE("a TTL with the highest bit set is zero") {
  DnsRecords records;
  DnsResponse response("a.test", kA);
  response.record("a.test", kA, 0x80000001, kLoopback);
  REQUIRE(parse(response.bytes(), DnsType::a, records) == DnsOutcome::found);
  REQUIRE(records.ttl_s == 0);
}

TEST_CASE("an alias that leads nowhere, or in a circle, has no addresses") {
  DnsRecords records;
  DnsResponse nowhere("a.test", kA);
  nowhere.record("a.test", kCname, 30, encoded_name("b.test"));
  REQUIRE(parse(nowhere.bytes(), DnsType::a, records) == DnsOutcome::none);
  DnsResponse circle("a.test", kA);
  circle.record("a.test", kCname, 30, encoded_name("b.test")).record("b.test", kCname, 30, encoded_name("a.test"));
  REQUIRE(parse(circle.bytes(), DnsType::a, records) == DnsOutcome::none);
  REQUIRE(records.addresses.empty());
}

TEST_CASE("services come with host, port, priority, weight and TTL") {
  DnsRecords records;
  DnsResponse response("_http._tcp.a.test", kSrv);
  response.record("_http._tcp.a.test", kSrv, 60, srv(10, 5, 8080, "B.test")).record("_http._tcp.a.test", kSrv, 20, srv(20, 1, 80, "c.test"));
  REQUIRE(parse(response.bytes(), DnsType::srv, records) == DnsOutcome::found);
  REQUIRE(records.services == std::vector<ServiceRecord>{{10, 5, 8080, "b.test"}, {20, 1, 80, "c.test"}});
  REQUIRE(records.ttl_s == 20);
}

TEST_CASE("a service at the root is decidedly none") {
  DnsRecords records;
  DnsResponse response("_http._tcp.a.test", kSrv);
  response.record("_http._tcp.a.test", kSrv, 60, srv(0, 0, 0, ""));
  REQUIRE(parse(response.bytes(), DnsType::srv, records) == DnsOutcome::none);
}

TEST_CASE("a thousand addresses") {
  DnsRecords records;
  DnsResponse response("a.test", kA);
  for (unsigned i = 0; i < 1000; ++i) response.record("a.test", kA, 60, "\x7f\1" + u16(i));
  REQUIRE(parse(response.bytes(), DnsType::a, records) == DnsOutcome::found);
  REQUIRE(records.addresses.size() == 1000);
}

TEST_CASE("a response that is cut off anywhere is no more than an error") {
  DnsResponse response("a.test", kSrv);
  response.record("a.test", kSrv, 60, srv(1, 2, 3, "b.test"));
  const std::string bytes = response.bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    DnsRecords records;
    for (DnsType type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
      REQUIRE(parse(bytes.substr(0, length), type, records) != DnsOutcome::found);
      REQUIRE(records.services.empty());
    }
  }
}

TEST_CASE("a name that points to itself ends") {
  DnsRecords records;
  DnsResponse response("a.test", kA);
  std::string bytes = response.bytes();
  bytes[7] = 1;  // one answer: at the next byte, pointing to itself
  bytes += u16(0xc000 | static_cast<unsigned>(bytes.size())) + u16(kA) + u16(1) + u32(60) + u16(4) + kLoopback;
  REQUIRE(parse(bytes, DnsType::a, records) == DnsOutcome::failed);
}

TEST_CASE("host names") {
  for (const char* good : {"a", "a.b", "a-b.c_d", "3000-abc.sandbox.example", "a.", "_http._tcp.a"}) REQUIRE(valid_host_name(good));
  REQUIRE(valid_host_name(std::string(63, 'x')));
  for (const char* bad : {"", ".", "a..b", ".a", "a b", "a/b", "a\n", "a:1", "[::1]", "*", "\xc3\xa4.test"}) REQUIRE_FALSE(valid_host_name(bad));
  REQUIRE_FALSE(valid_host_name(std::string(64, 'x')));
  std::string longest;
  while (longest.size() < 253) longest += "abcdefghi.";
  longest.resize(253);
  longest.back() = 'x';
  REQUIRE(valid_host_name(longest));
  REQUIRE_FALSE(valid_host_name(longest + 'x'));
}

TEST_CASE("the search list is tried in the order that ndots says") {
  using Names = std::vector<std::string>;
  REQUIRE(search_candidates("a", {"x.test", "y.test"}, 1) == Names{"a.x.test", "a.y.test", "a"});
  REQUIRE(search_candidates("a.b", {"x.test"}, 1) == Names{"a.b", "a.b.x.test"});
  REQUIRE(search_candidates("a.b", {"x.test"}, 5) == Names{"a.b.x.test", "a.b"});
  REQUIRE(search_candidates("a.", {"x.test"}, 1) == Names{"a"});
  REQUIRE(search_candidates("a", {}, 1) == Names{"a"});
  REQUIRE(search_candidates("a", {"."}, 1) == Names{"a"});
}
