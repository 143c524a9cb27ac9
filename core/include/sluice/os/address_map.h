// AddressMap: from an IP address to a number, for blocks ("10.0.0.0/8") and ranges of addresses. Who may pass, whom to trust, which
// country: all three are this map, painted in the order that their rules want. Built once, then only read: a lookup is a binary search
// over the borders, so a hundred thousand blocks cost seventeen comparisons.
//
// IPv4 and IPv6 are two separate lines; an IPv4 address mapped into IPv6 (::ffff:1.2.3.4) counts as IPv4, as in nginx.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/os/address.h>

namespace sluice {

// IpKey is an IP address as a number that can be compared.
struct IpKey {
  uint64_t high = 0;
  uint64_t low = 0;  // of IPv4: the address
  bool is_v4 = true;

  // of gives nothing for addresses that are not of IP.
  SLUICE_API static std::optional<IpKey> of(const Address& address);
  // parse reads an address without a port: "10.0.0.1", "::1".
  SLUICE_API static std::optional<IpKey> parse(std::string_view text);
  auto operator<=>(const IpKey&) const = default;
};

// IpBlock: the addresses from first to last, both included; both of one family.
struct IpBlock {
  IpKey first;
  IpKey last;
  uint8_t prefix_bits = 0;      // of a CIDR block
  bool low_bits_set = false;    // the text's address had bits behind the prefix; they mean nothing

  // parse_cidr reads "10.0.0.0/8", "2001:db8::/32", or an address, which is a block of one.
  SLUICE_API static std::optional<IpBlock> parse_cidr(std::string_view text);
  // parse_range reads "10.0.0.1-10.0.0.9" (IPv4 or IPv6), or an address.
  SLUICE_API static std::optional<IpBlock> parse_range(std::string_view text);
  SLUICE_API static IpBlock every_v4();
  SLUICE_API static IpBlock every_v6();
};

class SLUICE_API AddressMap {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // paint gives the addresses of the block a value (kNone: none again). A later one covers earlier ones.
  void paint(const IpBlock& block, uint32_t value);
  // seal ends the painting. REQUIRES: called once, before find.
  void seal();

  // find gives the value of an address, or kNone.
  uint32_t find(const IpKey& key) const;
  uint32_t find(const Address& address) const;
  bool contains(const Address& address) const { return find(address) != kNone; }
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  struct Painted {
    IpBlock block;
    uint32_t value;
  };
  // From `key` on, up to the next border, the value is this.
  struct V4Border {
    uint32_t key;
    uint32_t value;
  };
  struct V6Border {
    uint64_t high;
    uint64_t low;
    uint32_t value;
  };

  std::vector<Painted> painted_;  // in the order of painting, until seal
  std::vector<V4Border> v4_;
  std::vector<V6Border> v6_;
};

}  // namespace sluice
