// AccessRules: the allow and deny lines of one place. The first line that an address fits decides; no line: it says nothing.
#pragma once

#include <cstdint>
#include <vector>

#include <sluice/os/address_map.h>

namespace sluice {

class AccessRules {
 public:
  enum class Verdict : uint8_t { none, allow, deny };

  // Lines are added in their order; seal comes once behind them, a second one does nothing.
  void add(Verdict verdict, const IpBlock& block);
  void add_unix(Verdict verdict);
  void add_all(Verdict verdict);
  void seal();

  // verdict_on REQUIRES: sealed.
  Verdict verdict_on(const Address& client) const;

 private:
  struct Line {
    IpBlock block;
    Verdict verdict;
  };
  std::vector<Line> lines_;
  AddressMap map_;
  Verdict unix_ = Verdict::none;
};

}  // namespace sluice
