// GeoTable: one `geo` block. Of the blocks of addresses that hold an address the most specific gives the value; of ranges (`ranges`)
// the one that stands last.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sluice/http/forwarded.h>
#include <sluice/sluice.h>

namespace sluice {

class GeoTable final : public ComputedValue {
 public:
  // from_directive reads the whole block. Errors: nginx's.
  static Result<std::unique_ptr<GeoTable>> from_directive(DirectiveUse& use);

  VariableValue compute(Exchange& exchange) const override;
  bool is_volatile() const override { return volatile_; }

 private:
  struct Entry {
    IpBlock block;
    uint32_t value;
  };
  // Draft is what only reading needs.
  struct Draft {
    ConfigBuilder& builder;
    std::vector<std::optional<Entry>> entries;                   // deleted ones are empty
    std::map<std::pair<IpKey, IpKey>, size_t> places;            // in entries
    std::unordered_map<std::string, uint32_t> numbers;           // of values
    bool ranges = false;
  };

  Result<void> add_line(Draft& draft, const ConfigNode& line);
  Result<void> add_word(Draft& draft, const ConfigNode& line);
  Result<void> add_entry(Draft& draft, const ConfigNode& line);
  Result<void> remove_entry(Draft& draft, const ConfigNode& line);
  Result<void> add_proxy(Draft& draft, const ConfigNode& line);
  static Result<IpBlock> block_of(Draft& draft, const ConfigNode& line, std::string_view text);
  uint32_t number_of(Draft& draft, const std::string& value);
  void finish(Draft& draft);

  IpKey key_of(Exchange& exchange) const;

  std::optional<ComplexValue> source_;   // empty: the client's address
  std::vector<std::string> values_;
  AddressMap map_;
  std::optional<uint32_t> default_;
  std::optional<TrustedProxies> proxies_;
  Recursion recursion_ = Recursion::off;
  bool volatile_ = false;
};

}  // namespace sluice
