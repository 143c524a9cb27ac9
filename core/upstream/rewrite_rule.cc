#include "upstream/rewrite_rule.h"

#include <sluice/server/builder.h>
#include <sluice/server/exchange.h>

namespace sluice {

namespace {

std::string_view without_dot(std::string_view domain) { return domain.starts_with('.') ? domain.substr(1) : domain; }

}  // namespace

RewriteRule RewriteRule::of_prefix(std::string pattern, std::string replacement) {
  RewriteRule rule(Kind::prefix);
  rule.pattern_ = ComplexValue(std::move(pattern));
  rule.replacement_ = ComplexValue(std::move(replacement));
  return rule;
}

Result<RewriteRule> RewriteRule::compile(const DirectiveUse& use, Kind plain) {
  ConfigBuilder& builder = use.block.builder();
  const bool is_domain = plain == Kind::domain;
  std::string_view pattern = use.arg(0);
  const std::string_view replacement = is_domain ? without_dot(use.arg(1)) : use.arg(1);
  const bool is_regex = pattern.starts_with('~');
  RewriteRule rule(is_regex ? Kind::regex : plain);
  TRY_ASSIGN(rule.replacement_, builder.compile(use.node.place, replacement));
  if (!is_regex) {
    TRY_ASSIGN(rule.pattern_, builder.compile(use.node.place, is_domain ? without_dot(pattern) : pattern));
    return rule;
  }
  pattern.remove_prefix(1);
  const bool any_case = is_domain || pattern.starts_with('*');
  if (!is_domain && any_case) pattern.remove_prefix(1);
  TRY_ASSIGN(NamedRegex regex,
             NamedRegex::compile(builder, use.node.place, pattern, any_case ? Regex::Case::ignored : Regex::Case::sensitive));
  rule.regex_ = std::make_shared<const NamedRegex>(std::move(regex));
  return rule;
}

std::optional<std::string_view> RewriteRule::apply(Exchange& exchange, std::string_view value) const {
  switch (kind_) {
    case Kind::regex:
      if (!regex_->match(value, exchange)) return std::nullopt;
      return replacement_.eval(exchange);
    case Kind::domain: {
      const std::string_view domain = without_dot(value);
      if (!iequals(domain, pattern_.eval(exchange))) return std::nullopt;
      return exchange.arena().concat(value.substr(0, value.size() - domain.size()), replacement_.eval(exchange));
    }
    case Kind::prefix: {
      const std::string_view prefix = pattern_.eval(exchange);
      if (!value.starts_with(prefix)) return std::nullopt;
      return exchange.arena().concat(replacement_.eval(exchange), value.substr(prefix.size()));
    }
    case Kind::implied: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string_view> rewrite(Exchange& exchange, std::string_view value, const std::vector<RewriteRule>& rules) {
  for (const RewriteRule& rule : rules) {
    if (auto rewritten = rule.apply(exchange, value)) return rewritten;
  }
  return std::nullopt;
}

}  // namespace sluice
