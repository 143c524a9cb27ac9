// Rows for what the proxy does with fields of a response: proxy_redirect, proxy_cookie_*, proxy_ignore_headers.

#include <sluice/server/builder.h>

#include "upstream/directives.h"
#include "upstream/proxy_conf.h"

namespace sluice {

namespace {

constexpr uint32_t kPlaces = kHttp | kServer | kLocation;

Result<void> warn_behind_off(DirectiveUse& use) {
  use.block.builder().warn(use.node.place, concat("\"", use.row.name, "\" has no effect behind \"", use.row.name, " off\""));
  return {};
}

void drop_redirects(void* conf) {
  static_cast<ProxyConf*>(conf)->redirect_rules.clear();
  static_cast<ProxyConf*>(conf)->redirects = ProxyConf::Redirects::listed;
}

Result<void> add_implied_redirect(DirectiveUse& use) {
  auto& conf = use.conf_as<ProxyConf>();
  if (conf.target == nullptr) return use.error("\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive");
  if (conf.target->dynamic) return use.error("\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables");
  conf.redirect_rules.push_back(RewriteRule::implied());
  return {};
}

Result<void> add_redirect(DirectiveUse& use) {
  auto& conf = use.conf_as<ProxyConf>();
  if (conf.redirects == ProxyConf::Redirects::off) return warn_behind_off(use);
  if (use.count() == 2) {
    TRY_ASSIGN(RewriteRule rule, RewriteRule::compile(use, RewriteRule::Kind::prefix));
    conf.redirect_rules.push_back(std::move(rule));
    return {};
  }
  if (use.arg(0) == "default") return add_implied_redirect(use);
  if (use.arg(0) != "off") return use.error(concat("invalid parameter \"", use.arg(0), '"'));
  conf.redirect_rules.clear();
  conf.redirects = ProxyConf::Redirects::off;
  return {};
}

// is_off reads the one argument "off" of a list that it ends; anything else alone is an error.
template <auto Member>
Result<void> only_off(DirectiveUse& use) {
  if (use.arg(0) != "off") return use.error(concat("invalid parameter \"", use.arg(0), '"'));
  if (!use.first_in_block) return use.directive_error("is duplicate");
  (use.conf_as<ProxyConf>().*Member).clear();
  return {};
}

template <auto Member, RewriteRule::Kind Plain>
Result<void> add_cookie_rule(DirectiveUse& use) {
  if (use.count() == 1) return only_off<Member>(use);
  TRY_ASSIGN(RewriteRule rule, RewriteRule::compile(use, Plain));
  (use.conf_as<ProxyConf>().*Member).push_back(std::move(rule));
  return {};
}

Result<void> add_cookie_flags(DirectiveUse& use) {
  if (use.count() == 1 && use.arg(0) == "off") return only_off<&ProxyConf::cookie_flags>(use);
  TRY_ASSIGN(CookieFlagRule rule, CookieFlagRule::compile(use));
  use.conf_as<ProxyConf>().cookie_flags.push_back(std::move(rule));
  return {};
}

template <auto Member>
void drop(void* conf) {
  (static_cast<ProxyConf*>(conf)->*Member).clear();
}

Result<void> set_ignored_fields(DirectiveUse& use) {
  static constexpr std::pair<std::string_view, uint32_t> kFields[] = {
      {"X-Accel-Redirect", kSteerRedirect},   {"X-Accel-Expires", kSteerExpires}, {"X-Accel-Limit-Rate", kSteerLimitRate},
      {"X-Accel-Buffering", kSteerBuffering}, {"X-Accel-Charset", kSteerCharset}, {"Expires", kSteerCaching},
      {"Cache-Control", kSteerCaching},       {"Set-Cookie", kSteerCaching},      {"Vary", kSteerCaching},
  };
  uint32_t mask = 0;
  for (size_t i = 0; i < use.count(); ++i) {
    uint32_t bit = 0;
    for (auto& [name, value] : kFields) {
      if (iequals(use.arg(i), name)) bit = value;
    }
    if (bit == 0) return use.invalid_value(use.arg(i));
    mask |= bit;
  }
  use.conf_as<ProxyConf>().ignored_fields = mask;
  return {};
}

constexpr Directive kRows[] = {
    {"proxy_redirect", kPlaces, 1, 2, BlockShape::none, Repeat::list, &add_redirect, &drop_redirects, "default",
     "What of Location and Refresh is replaced: `TEXT REPLACEMENT`, `~REGEX REPLACEMENT` (`~*`: in any case), the first that is for the value; "
     "`default`: what proxy_pass says by what the location says; `off`."},
    {"proxy_cookie_domain", kPlaces, 1, 2, BlockShape::none, Repeat::list, &add_cookie_rule<&ProxyConf::cookie_domains, RewriteRule::Kind::domain>,
     &drop<&ProxyConf::cookie_domains>, "off",
     "What the Domain of cookies in Set-Cookie becomes: `DOMAIN REPLACEMENT`, `~REGEX REPLACEMENT`; a dot at the beginning does not count."},
    {"proxy_cookie_path", kPlaces, 1, 2, BlockShape::none, Repeat::list, &add_cookie_rule<&ProxyConf::cookie_paths, RewriteRule::Kind::prefix>,
     &drop<&ProxyConf::cookie_paths>, "off", "What the Path of cookies in Set-Cookie becomes: `PREFIX REPLACEMENT`, `~REGEX REPLACEMENT` (`~*`: in any case)."},
    {"proxy_cookie_flags", kPlaces, 1, -1, BlockShape::none, Repeat::list, &add_cookie_flags, &drop<&ProxyConf::cookie_flags>, "off",
     "Flags of cookies in Set-Cookie: `NAME|~REGEX FLAG...`, each secure, httponly, samesite=strict|lax|none, or one of them with `no` to take it "
     "away. The first line that is for a cookie counts."},
    {"proxy_ignore_headers", kPlaces, 1, -1, BlockShape::none, Repeat::once, &set_ignored_fields, nullptr, "",
     "Fields of a response that have no power over sluice: X-Accel-Redirect, X-Accel-Limit-Rate, X-Accel-Buffering. The others that nginx knows "
     "(X-Accel-Expires, X-Accel-Charset, Expires, Cache-Control, Set-Cookie, Vary) never have any here. Hidden ones stay hidden."},
};

}  // namespace

std::span<const Directive> response_directives() { return kRows; }

}  // namespace sluice
