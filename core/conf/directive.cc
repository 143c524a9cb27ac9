#include <sluice/conf/directive.h>

namespace sluice {
namespace rows {

Result<bool> flag_value(const DirectiveUse& use) {
  if (auto value = parse_flag(use.arg(0))) return *value;
  return use.error(
      concat("invalid value \"", use.arg(0), "\" in \"", use.node.name, "\" directive, it must be \"on\" or \"off\""));
}

Result<Milliseconds> time_value(const DirectiveUse& use) {
  if (auto value = parse_time_ms(use.arg(0))) return *value;
  return use.directive_error("invalid value");
}

Result<uint64_t> size_value(const DirectiveUse& use) {
  if (auto value = parse_size(use.arg(0))) return uint64_t{*value};
  return use.directive_error("invalid value");
}

Result<uint64_t> number_value(const DirectiveUse& use) {
  if (auto value = parse_uint(use.arg(0))) return *value;
  return use.directive_error("invalid number");
}

}  // namespace rows
}  // namespace sluice
