#include "upstream/cookie_flag_rule.h"

#include <sluice/server/builder.h>
#include <sluice/server/exchange.h>

namespace sluice {

Result<CookieFlagRule> CookieFlagRule::compile(const DirectiveUse& use) {
  ConfigBuilder& builder = use.block.builder();
  CookieFlagRule rule;
  if (const std::string_view name = use.arg(0); name.starts_with('~')) {
    TRY_ASSIGN(NamedRegex regex, NamedRegex::compile(builder, use.node.place, name.substr(1), Regex::Case::ignored));
    rule.regex_ = std::make_shared<const NamedRegex>(std::move(regex));
  } else {
    TRY_ASSIGN(rule.name_, builder.compile(use.node.place, name));
  }
  for (size_t i = 1; i < use.count(); ++i) {
    TRY_ASSIGN(ComplexValue flag, builder.compile(use.node.place, use.arg(i)));
    if (flag.is_constant() && !CookieFlagChanges{}.take(flag.constant())) {
      return use.error(concat("invalid parameter \"", use.arg(i), "\" of \"proxy_cookie_flags\""));
    }
    rule.flags_.push_back(std::move(flag));
  }
  return rule;
}

bool CookieFlagRule::is_for(Exchange& exchange, std::string_view name) const {
  return regex_ != nullptr ? regex_->match(name, exchange) : iequals(name, name_.eval(exchange));
}

CookieFlagChanges CookieFlagRule::changes(Exchange& exchange) const {
  CookieFlagChanges changes;
  for (const ComplexValue& flag : flags_) {
    const std::string_view text = flag.eval(exchange);
    if (!text.empty() && !changes.take(text)) exchange.log_at(LogLevel::error, "invalid proxy_cookie_flags flag \"", text, '"');
  }
  return changes;
}

}  // namespace sluice
