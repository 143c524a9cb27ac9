#include <sluice/os/address_map.h>

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

uint32_t find(const AddressMap& map, std::string_view ip) { return map.find(*Address::from_ip(ip)); }

AddressMap painted(std::initializer_list<std::pair<const char*, uint32_t>> blocks) {
  AddressMap map;
  for (const auto& [text, value] : blocks) map.paint(*IpBlock::parse_cidr(text), value);
  map.seal();
  return map;
}

}  // namespace

TEST_CASE("a block has its first and its last address, and none beside") {
  const AddressMap map = painted({{"10.1.2.0/23", 7}, {"2001:db8::/33", 8}, {"192.0.2.1", 9}});
  REQUIRE(find(map, "10.1.2.0") == 7);
  REQUIRE(find(map, "10.1.3.255") == 7);
  REQUIRE(find(map, "10.1.1.255") == AddressMap::kNone);
  REQUIRE(find(map, "10.1.4.0") == AddressMap::kNone);
  REQUIRE(find(map, "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff") == 8);
  REQUIRE(find(map, "2001:db8:8000::") == AddressMap::kNone);
  REQUIRE(find(map, "192.0.2.1") == 9);
  REQUIRE(find(map, "192.0.2.2") == AddressMap::kNone);
}

TEST_CASE("everything of a family is that family alone") {
  const AddressMap v4 = painted({{"0.0.0.0/0", 1}});
  REQUIRE(find(v4, "0.0.0.0") == 1);
  REQUIRE(find(v4, "255.255.255.255") == 1);
  REQUIRE(find(v4, "::") == AddressMap::kNone);
  const AddressMap v6 = painted({{"::/0", 1}});
  REQUIRE(find(v6, "::") == 1);
  REQUIRE(find(v6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == 1);
  REQUIRE(find(v6, "1.2.3.4") == AddressMap::kNone);
  REQUIRE(find(v6, "::ffff:1.2.3.4") == AddressMap::kNone);
  REQUIRE(find(painted({{"1.2.3.0/24", 5}}), "::ffff:1.2.3.4") == 5);
}

TEST_CASE("what is painted later covers, and uncovers at its end") {
  const AddressMap map = painted({{"10.0.0.0/8", 1}, {"10.1.0.0/16", 2}, {"10.1.1.0/24", 3}, {"10.1.1.7", AddressMap::kNone}, {"10.1.2.0/24", 1}});
  REQUIRE(find(map, "10.0.255.255") == 1);
  REQUIRE(find(map, "10.1.0.1") == 2);
  REQUIRE(find(map, "10.1.1.6") == 3);
  REQUIRE(find(map, "10.1.1.7") == AddressMap::kNone);
  REQUIRE(find(map, "10.1.1.8") == 3);
  REQUIRE(find(map, "10.1.2.8") == 1);
  REQUIRE(find(map, "10.1.3.0") == 2);
  REQUIRE(find(map, "10.2.0.0") == 1);
  // A broader one painted last hides all below it.
  REQUIRE(find(painted({{"10.1.1.0/24", 3}, {"10.0.0.0/8", 1}}), "10.1.1.1") == 1);
}

TEST_CASE("overlapping ranges mean what painting byte by byte means") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> line(256, AddressMap::kNone);
    AddressMap map;
    const int count = static_cast<int>(random() % 12);
    for (int i = 0; i < count; ++i) {
      uint32_t a = random() % 256, b = random() % 256;
      if (b < a) std::swap(a, b);
      const uint32_t value = random() % 5 == 0 ? AddressMap::kNone : random() % 4;
      // The end of each line of addresses is where an overflow would show.
      const std::string text = "255.255.255." + std::to_string(a) + "-255.255.255." + std::to_string(b);
      map.paint(*IpBlock::parse_range(text), value);
      for (uint32_t k = a; k <= b; ++k) line[k] = value;
    }
    map.seal();
    REQUIRE(find(map, "255.255.254.255") == AddressMap::kNone);
    for (uint32_t k = 0; k < 256; ++k) REQUIRE(find(map, "255.255.255." + std::to_string(k)) == line[k]);
  }
}

TEST_CASE("only whole and sane texts are blocks") {
  for (std::string_view bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "10.0.0.256", "::/129", ":::/8", "x",
                               "10.0.0.0/8/8", "127.0.0.1:80", "[::1]", "010.0.0.1", "1.2.3.4 "}) {
    INFO(bad);
    REQUIRE_FALSE(IpBlock::parse_cidr(bad));
  }
  REQUIRE_FALSE(IpBlock::parse_cidr(std::string_view("10.0.0.1\0", 9)));
  REQUIRE(IpBlock::parse_cidr("10.0.0.1/8")->low_bits_set);
  REQUIRE_FALSE(IpBlock::parse_cidr("10.0.0.0/8")->low_bits_set);
  for (std::string_view bad : {"", "-", "1.2.3.4-", "-1.2.3.4", "1.2.3.4-1.2.3.3", "1.2.3.4-::1", "1.2.3.4-1.2.3.5-1.2.3.6"}) {
    INFO(bad);
    REQUIRE_FALSE(IpBlock::parse_range(bad));
  }
}

TEST_CASE("an address of a Unix socket is on no line") {
  REQUIRE(painted({{"0.0.0.0/0", 1}, {"::/0", 1}}).find(*Address::parse("unix:/x")) == AddressMap::kNone);
}
