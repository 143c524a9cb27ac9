// What takes the place of a peer's response: the operator's error_page, or the location that the peer names.

#include <algorithm>

#include <sluice/base/strings.h>
#include <sluice/http/uri.h>
#include <sluice/server/exchange.h>

#include "upstream/proxy_handler.h"

namespace sluice {

namespace {

// Fields that describe what a response is for, whoever makes its body; as in nginx.
constexpr HeaderId kKeptFields[] = {HeaderId::content_type,  HeaderId::content_disposition, HeaderId::set_cookie,
                                    HeaderId::cache_control, HeaderId::expires,             HeaderId::accept_ranges};

// leaves_root: ".." as a segment.
bool leaves_root(std::string_view path) {
  for (size_t at = path.find(".."); at != std::string_view::npos; at = path.find("..", at + 1)) {
    const bool begins = at == 0 || path[at - 1] == '/';
    const bool ends = at + 2 == path.size() || path[at + 2] == '/';
    if (begins && ends) return true;
  }
  return false;
}

bool is_safe(std::string_view path) {
  return path.starts_with('/') && path.find('\0') == std::string_view::npos && !leaves_root(path);
}

bool has_error_page(const Location& location, int status) {
  const auto& pages = location.core.error_pages;
  return std::any_of(pages.begin(), pages.end(), [status](const ErrorPage& page) { return page.status == status; });
}

}  // namespace

Outcome ProxyHandler::divert(Exchange& exchange, const ResponseHead& response) const {
  if (const Header* pace = response.headers.find(HeaderId::x_accel_limit_rate); pace != nullptr && (conf_.ignored_fields & kSteerLimitRate) == 0) {
    if (const auto rate = parse_uint(pace->value())) exchange.set_limit_rate(*rate);
  }
  if (response.status >= 300 && conf_.intercept_errors && has_error_page(exchange.location(), response.status)) {
    // Without its challenge a 401 would be of no use.
    for (const Header* h = response.headers.find(HeaderId::www_authenticate); h != nullptr && response.status == 401; h = response.headers.next(h)) {
      exchange.response().headers.add(*h);
    }
    return Outcome::status(response.status);
  }
  const bool steers = response.headers.has(HeaderId::x_accel_redirect) && (conf_.ignored_fields & kSteerRedirect) == 0;
  return steers ? accelerate(exchange, response) : Outcome::next();
}

// accelerate goes on where X-Accel-Redirect says: a named location, or a path with arguments.
Outcome ProxyHandler::accelerate(Exchange& exchange, const ResponseHead& response) const {
  for (const Header& h : response.headers) {
    if (!h.removed && std::find(std::begin(kKeptFields), std::end(kKeptFields), h.id) != std::end(kKeptFields)) rules_.add(exchange, h, exchange.response().headers);
  }
  const std::string_view target = response.headers.value(HeaderId::x_accel_redirect);
  if (target.starts_with('@')) {
    if (exchange.set_named_location(target)) return Outcome::named();
    exchange.log_at(LogLevel::error, "could not find named location \"", target, '"');
    return Outcome::status(500);
  }
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = unescape_uri(target.substr(0, mark), Plus::keep, exchange.arena());
  if (!is_safe(path)) {
    exchange.log_at(LogLevel::error, "unsafe URI \"", target, "\" was detected");
    return Outcome::status(404);
  }
  if (exchange.request().method != Method::head) exchange.set_method(Method::get, "GET");
  exchange.set_uri(path);
  exchange.set_args(mark < target.size() ? target.substr(mark + 1) : std::string_view());
  return Outcome::internal_redirect();
}

}  // namespace sluice
