// ResponseRules: what a location changes in fields of a response before the client gets them: proxy_redirect in Location and Refresh,
// proxy_cookie_domain, proxy_cookie_path and proxy_cookie_flags in Set-Cookie.
#pragma once

#include <string_view>
#include <vector>

#include <sluice/http/headers.h>

#include "upstream/proxy_conf.h"

namespace sluice {

class Exchange;

class ResponseRules {
 public:
  // `conf` outlives this object.
  explicit ResponseRules(const ProxyConf& conf);

  // concerns: fields of this name go through add.
  bool concerns(HeaderId id) const {
    if (id == HeaderId::set_cookie) return changes_cookies_;
    return (id == HeaderId::location || id == HeaderId::refresh) && !redirects_.empty();
  }
  // add adds a field of the peer's response to the client's: rewritten if a rule is for it, else as it is.
  void add(Exchange& exchange, const Header& field, Headers& to) const;

 private:
  void add_redirect_rules(const ProxyConf& conf);
  std::string_view location(Exchange& exchange, std::string_view value) const;
  std::string_view refresh(Exchange& exchange, std::string_view value) const;
  std::string_view cookie(Exchange& exchange, std::string_view value) const;

  const ProxyConf& conf_;
  std::vector<RewriteRule> redirects_;
  bool changes_cookies_;
};

}  // namespace sluice
