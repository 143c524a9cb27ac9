// MapTable: one `map` block. A source is looked for among the exact texts, then (with `hostnames`) the longest name behind "*.", the
// longest in front of ".*", then the patterns in their order; then it is the default.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <sluice/conf/directive.h>
#include <sluice/server/computed_value.h>
#include <sluice/server/exchange.h>
#include <sluice/server/named_regex.h>
#include <sluice/server/variable.h>

#include "text_table.h"
#include "value_list.h"

namespace sluice {

class MapTable final : public ComputedValue {
 public:
  // from_directive reads the whole block. Errors: nginx's.
  static Result<std::unique_ptr<MapTable>> from_directive(DirectiveUse& use);

  // compute evaluates the source and finds its value. A pattern that matches gives the exchange its captures.
  VariableValue compute(Exchange& exchange) const override;
  bool is_volatile() const override { return volatile_; }

 private:
  Result<void> add_line(ConfigBuilder& builder, const ConfigNode& line);
  Result<void> add_pattern(ConfigBuilder& builder, const ConfigNode& line, std::string_view pattern, uint32_t value);
  Result<void> add_text(const ConfigNode& line, std::string_view text, uint32_t value);
  // add_host takes a name that may be a wildcard; kOrdinary: it is none.
  enum class HostLine : uint8_t { added, taken, invalid, ordinary };
  HostLine add_host(const std::string& name, uint32_t value);

  std::optional<uint32_t> find(Exchange& exchange, std::string_view source) const;
  std::optional<uint32_t> find_host(std::string_view name) const;

  struct Pattern {
    NamedRegex regex;
    uint32_t value;
  };

  ComplexValue source_;
  ValueList values_;
  TextTable exact_;
  TextTable behind_;    // "*.example.com" and ".example.com" as "example.com"
  TextTable in_front_;  // "www.example.*" as "www.example"
  std::vector<Pattern> patterns_;
  std::optional<uint32_t> default_;
  bool hostnames_ = false;
  bool volatile_ = false;
};

}  // namespace sluice
