#include "upstream/response_rules.h"

#include <algorithm>

#include <sluice/server/exchange.h>
#include <sluice/server/redirect.h>

#include "upstream/set_cookie.h"

namespace sluice {

namespace {

// implied_rule is `proxy_redirect default`: what was passed on comes back.
RewriteRule implied_rule(const ProxyConf& conf) {
  const std::string& url = conf.target->url.constant();
  if (conf.target->has_uri) return RewriteRule::of_prefix(url, conf.location_prefix);
  return RewriteRule::of_prefix(concat(url, '/'), "/");
}

size_t find_url(std::string_view refresh) {
  constexpr std::string_view kUrl = "url=";
  const auto at = std::search(refresh.begin(), refresh.end(), kUrl.begin(), kUrl.end(), [](char a, char b) { return to_lower(a) == b; });
  return at == refresh.end() ? std::string_view::npos : static_cast<size_t>(at - refresh.begin()) + kUrl.size();
}

bool rewrite_attribute(Exchange& exchange, SetCookie::Attribute& attribute, const std::vector<RewriteRule>& rules) {
  if (!attribute.value) return false;
  const auto rewritten = rewrite(exchange, *attribute.value, rules);
  if (rewritten) attribute.value = *rewritten;
  return rewritten.has_value();
}

}  // namespace

ResponseRules::ResponseRules(const ProxyConf& conf)
    : conf_(conf), changes_cookies_(!conf.cookie_domains.empty() || !conf.cookie_paths.empty() || !conf.cookie_flags.empty()) {
  add_redirect_rules(conf);
}

void ResponseRules::add_redirect_rules(const ProxyConf& conf) {
  const bool has_implied = !conf.target->dynamic;
  if (conf.redirects == ProxyConf::Redirects::implied && has_implied) redirects_.push_back(implied_rule(conf));
  if (conf.redirects != ProxyConf::Redirects::listed) return;
  for (const RewriteRule& rule : conf.redirect_rules) {
    if (!rule.is_implied()) redirects_.push_back(rule);
    else if (has_implied) redirects_.push_back(implied_rule(conf));
  }
}

void ResponseRules::add(Exchange& exchange, const Header& field, Headers& to) const {
  std::string_view value;
  switch (field.id) {
    case HeaderId::location: value = location(exchange, field.value()); break;
    case HeaderId::refresh: value = refresh(exchange, field.value()); break;
    case HeaderId::set_cookie: value = cookie(exchange, field.value()); break;
    default: return to.add(field);
  }
  if (value.data() == field.value_data && value.size() == field.value_size) to.add(field);
  else to.add(field.id, field.name(), value);
}

// A rewritten Location may be a path now: that gets scheme and host like those of our own redirects.
std::string_view ResponseRules::location(Exchange& exchange, std::string_view value) const {
  const auto rewritten = rewrite(exchange, value, redirects_);
  return rewritten ? absolute_location(exchange, *rewritten) : value;
}

std::string_view ResponseRules::refresh(Exchange& exchange, std::string_view value) const {
  const size_t at = find_url(value);
  if (at == std::string_view::npos) return value;
  const auto rewritten = rewrite(exchange, value.substr(at), redirects_);
  return rewritten ? exchange.arena().concat(value.substr(0, at), *rewritten) : value;
}

std::string_view ResponseRules::cookie(Exchange& exchange, std::string_view value) const {
  auto cookie = SetCookie::parse(value);
  if (!cookie) return value;
  bool changed = false;
  for (SetCookie::Attribute& attribute : cookie->attributes()) {
    if (iequals(attribute.name, "Domain")) changed |= rewrite_attribute(exchange, attribute, conf_.cookie_domains);
    else if (iequals(attribute.name, "Path")) changed |= rewrite_attribute(exchange, attribute, conf_.cookie_paths);
  }
  for (const CookieFlagRule& rule : conf_.cookie_flags) {
    if (!rule.is_for(exchange, cookie->name())) continue;
    cookie->change(rule.changes(exchange));
    changed = true;
    break;
  }
  return changed ? cookie->text(exchange.arena()) : value;
}

}  // namespace sluice
