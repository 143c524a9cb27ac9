// CookieFlagRule: one line of proxy_cookie_flags: which cookies it is for, and which of their flags it sets or takes away.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <sluice/conf/directive.h>
#include <sluice/server/named_regex.h>
#include <sluice/server/variable.h>

#include "upstream/set_cookie.h"

namespace sluice {

class CookieFlagRule {
 public:
  // compile reads `COOKIE FLAG...`. Errors: nginx's, and a flag without variables that there is not.
  static Result<CookieFlagRule> compile(const DirectiveUse& use);

  // is_for: names are compared in any case; `name` lives as long as the exchange.
  bool is_for(Exchange& exchange, std::string_view name) const;
  // changes evaluates the flags; one that is none is logged and left out.
  CookieFlagChanges changes(Exchange& exchange) const;

 private:
  ComplexValue name_;
  std::shared_ptr<const NamedRegex> regex_;  // instead of name_; shared: blocks inherit copies of their parent's rules
  std::vector<ComplexValue> flags_;
};

}  // namespace sluice
