// RewriteRule: one line of proxy_redirect, proxy_cookie_domain or proxy_cookie_path: which values it is for, and what takes their place.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <sluice/conf/directive.h>
#include <sluice/server/named_regex.h>
#include <sluice/server/variable.h>

namespace sluice {

class RewriteRule {
 public:
  enum class Kind : uint8_t {
    prefix,   // the beginning of the value, which is what is replaced
    domain,   // the whole value but a dot at its beginning, in any case
    regex,    // the whole value
    implied,  // `proxy_redirect default`: a prefix that the location knows
  };

  // of_prefix makes a rule from two texts.
  static RewriteRule of_prefix(std::string pattern, std::string replacement);
  static RewriteRule implied() { return RewriteRule(Kind::implied); }
  // compile reads a line of two arguments; "~" (and, but for domains, "~*") begins a regular expression. Errors: nginx's.
  static Result<RewriteRule> compile(const DirectiveUse& use, Kind plain);

  bool is_implied() const { return kind_ == Kind::implied; }
  // apply gives the rewritten value, in the exchange's arena; nothing when the rule is not for it. `value` lives as long as the exchange.
  std::optional<std::string_view> apply(Exchange& exchange, std::string_view value) const;

 private:
  explicit RewriteRule(Kind kind) : kind_(kind) {}

  Kind kind_;
  ComplexValue pattern_;
  ComplexValue replacement_;
  std::shared_ptr<const NamedRegex> regex_;  // shared: blocks inherit copies of their parent's rules
};

// rewrite gives what the first rule that is for the value makes of it; nothing when none is.
std::optional<std::string_view> rewrite(Exchange& exchange, std::string_view value, const std::vector<RewriteRule>& rules);

}  // namespace sluice
