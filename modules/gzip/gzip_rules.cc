#include "gzip_rules.h"

#include <sluice/base/clock.h>
#include <sluice/http/content_coding.h>
#include <sluice/http/date.h>

namespace sluice {

namespace {

// "MSIE 4.", "5." and "6.", but for the one with Service Pack 2 of Windows XP ("SV1").
bool is_old_explorer(std::string_view agent) {
  const size_t at = agent.find("MSIE ");
  if (at == std::string_view::npos) return false;
  const std::string_view version = agent.substr(at + 5);
  return version.size() >= 2 && version[0] >= '4' && version[0] <= '6' && version[1] == '.' && agent.find("SV1") == std::string_view::npos;
}

bool agent_is_disabled(const GzipConf& conf, const Headers& request) {
  const Header* field = request.find(HeaderId::user_agent);
  if (field == nullptr) return false;
  if (conf.disable_old_explorer && is_old_explorer(field->value())) return true;
  for (const auto& regex : conf.disabled_agents) {
    std::span<const size_t> offsets;
    if (regex->match(field->value(), offsets) == Regex::Outcome::match) return true;
  }
  return false;
}

bool has_expired(const Headers& response) {
  const auto expires = parse_http_date(response.value(HeaderId::expires));
  if (!expires) return false;
  const auto date = parse_http_date(response.value(HeaderId::date));
  return *expires < date.value_or(Clock::of_thread().wall_seconds());
}

// A request with Via came through a proxy, which may give the response to others: gzip_proxied says when it is compressed nevertheless.
bool proxied_may(const GzipConf& conf, const Headers& request, const Headers& response) {
  const uint32_t when = conf.proxied;
  if ((when & kProxiedOff) != 0) return false;
  if ((when & kProxiedAny) != 0) return true;
  if ((when & kProxiedAuth) != 0 && request.has(HeaderId::authorization)) return true;
  if (response.has(HeaderId::expires)) return (when & kProxiedExpired) != 0 && has_expired(response);
  if (response.has(HeaderId::cache_control)) {
    auto says = [&](uint32_t bit, std::string_view token) { return (when & bit) != 0 && lists_token(response, HeaderId::cache_control, token); };
    return says(kProxiedNoCache, "no-cache") || says(kProxiedNoStore, "no-store") || says(kProxiedPrivate, "private");
  }
  if ((when & kProxiedNoLastModified) != 0 && response.has(HeaderId::last_modified)) return false;
  return (when & kProxiedNoEtag) == 0 || !response.has(HeaderId::etag);
}

}  // namespace

bool is_compressible(const GzipConf& conf, const Exchange& exchange, std::optional<uint64_t> length) {
  const ResponseHead& response = exchange.response();
  const int status = response.status;
  if (status != 200 && status != 403 && status != 404) return false;
  if (!response.headers.value(HeaderId::content_encoding).empty()) return false;
  if (length && *length < conf.min_length) return false;
  return conf.types.matches(response.headers.value(HeaderId::content_type)) && !transform_forbidden(exchange);
}

bool may_be_gzip(const GzipConf& conf, const Exchange& exchange) {
  const RequestHead& request = exchange.request();
  if (!accepts_gzip(request.headers) || request.version < conf.http_version) return false;
  if (request.headers.has(HeaderId::via) && !proxied_may(conf, request.headers, exchange.response().headers)) return false;
  return !agent_is_disabled(conf, request.headers);
}

bool transform_forbidden(const Exchange& exchange) {
  return lists_token(exchange.response().headers, HeaderId::cache_control, "no-transform");
}

}  // namespace sluice
