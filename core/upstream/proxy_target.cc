// Where a request goes: what proxy_pass means for it.

#include "upstream/proxy_handler.h"

#include <algorithm>

#include <sluice/http/uri.h>

#include "upstream/upstream_module.h"

namespace sluice {

namespace {

constexpr std::string_view kScheme = "http://";
constexpr uint16_t kDefaultPort = 80;

// The parts of an evaluated "http://host:port/uri" or "http://unix:/path:/uri".
struct UrlParts {
  std::string_view host;     // with its port
  std::string_view name;     // without
  std::string_view port;     // digits; empty: none given
  std::string_view uri;
};

UrlParts split_url(std::string_view rest) {
  UrlParts parts;
  if (rest.starts_with("unix:")) {
    const size_t end = rest.find(':', 5);
    parts.host = parts.name = rest.substr(0, end);
    if (end != std::string_view::npos) parts.uri = rest.substr(end + 1);
    return parts;
  }
  const size_t end = rest.find_first_of("/?");
  parts.host = parts.name = rest.substr(0, end);
  if (end != std::string_view::npos) parts.uri = rest.substr(end);
  const size_t colon = parts.host.rfind(':');
  if (colon != std::string_view::npos && !parts.host.ends_with(']')) {
    parts.name = parts.host.substr(0, colon);
    parts.port = parts.host.substr(colon + 1);
  }
  return parts;
}

// port_of: 0 when it is none.
uint16_t port_of(const UrlParts& parts) {
  if (parts.port.data() == nullptr) return kDefaultPort;
  const auto port = parse_uint(parts.port);
  return port && *port <= UINT16_MAX ? static_cast<uint16_t>(*port) : 0;
}

}  // namespace

Result<void> ProxyHandler::resolve(Exchange& exchange, ResolvedTarget& resolved) const {
  const ProxyTarget& target = *conf_.target;
  if (target.dynamic) return resolve_dynamic(exchange, resolved);
  resolved.group = target.group;
  exchange.proxy_host = shown_host(target.host);
  exchange.proxy_port = target.port;
  if (!target.has_uri || !exchange.location_matches()) {
    resolved.uri = request_uri(exchange);
    return {};
  }
  // The location's prefix of the normalised path is replaced by the URI part.
  Arena& arena = exchange.arena();
  const std::string_view uri = exchange.uri();
  const size_t prefix = std::min(conf_.location_prefix.size(), uri.size());
  const std::string_view rest = escape_uri(uri.substr(prefix), EscapeKind::uri, arena);
  const bool has_args = !exchange.args().empty();
  resolved.uri = arena.concat(target.uri_part, rest, has_args ? "?" : "", exchange.args());
  return {};
}

// A target with variables is, in this order: an upstream, an address, a name to resolve.
Result<void> ProxyHandler::resolve_dynamic(Exchange& exchange, ResolvedTarget& resolved) const {
  const std::string_view url = conf_.target->url.eval(exchange);
  if (!iequals(url.substr(0, kScheme.size()), kScheme)) {
    if (iequals(url.substr(0, 8), "https://")) return Error(ErrorKind::internal, concat("https upstreams are not supported by this version of sluice: \"", url, '"'));
    return Error(ErrorKind::internal, concat("invalid URL prefix in \"", url, '"'));
  }
  const std::string_view rest = url.substr(kScheme.size());
  const UrlParts parts = split_url(rest);
  if (parts.name.empty()) return Error(ErrorKind::internal, concat("no host in upstream \"", rest, '"'));
  const uint16_t port = port_of(parts);
  if (port == 0) return Error(ErrorKind::internal, concat("invalid port in upstream \"", rest, '"'));
  exchange.proxy_host = shown_host(parts.host);
  exchange.proxy_port = parts.port.empty() ? std::string_view("80") : parts.port;
  if (parts.uri.empty()) resolved.uri = request_uri(exchange);
  else resolved.uri = parts.uri.starts_with('?') ? exchange.arena().concat("/", parts.uri) : parts.uri;

  resolved.group = module_.group(parts.host);
  if (resolved.group != nullptr) return {};
  resolved.group = &module_.dynamic_group();
  resolved.address_text = parts.host;
  resolved.address_pool = module_.pools().known_pool_of_text(parts.host);
  if (resolved.address_pool != nullptr) return {};
  resolved.answer = conf_.target->resolver->find(parts.name);
  if (resolved.answer == nullptr) {
    resolved.address_pool = module_.pools().pool_of_text(parts.host, kDefaultPort);
    if (resolved.address_pool != nullptr) return {};
  }
  resolved.name = parts.name;
  resolved.port = port;
  resolved.turn = conf_.target->turn++;
  return {};
}

Task<Outcome> ProxyHandler::look_up(Exchange& exchange, ResolvedTarget& target) const {
  exchange.watch_client(!conf_.ignore_client_abort);
  auto answer = co_await conf_.target->resolver->resolve(target.name);
  exchange.watch_client(false);
  if (answer) {
    target.answer = std::move(*answer);
    co_return Outcome::next();
  }
  exchange.log_at(LogLevel::error, answer.error().text);
  exchange.set_error(answer.error().kind, ErrorSource::upstream, answer.error().text);
  co_return Outcome::status(502);
}

// Requests begin with the addresses of a name in turn, and a retry takes the next one.
PeerPool& ProxyHandler::address_of_name(Exchange& exchange, const ResolvedTarget& target, UpstreamRequest& request) const {
  const auto& addresses = target.answer->addresses;
  const Address& next = addresses[(target.turn + request.tries) % addresses.size()];
  PeerPool& pool = module_.pools().pool(next.with_port(target.port));
  request.target.name = exchange.arena().copy(pool.text());
  return pool;
}

// The client's own bytes while nothing has changed the URI; else the normalised path, escaped again.
std::string_view ProxyHandler::request_uri(Exchange& exchange) const {
  const RequestHead& request = exchange.request();
  Arena& arena = exchange.arena();
  if (exchange.uri_is_raw()) {
    if (request.target.starts_with('/') || request.target == "*") return request.target;
    return request.has_query ? arena.concat(request.path, "?", request.query) : request.path;
  }
  const std::string_view path = escape_uri(exchange.uri(), EscapeKind::uri, arena);
  return exchange.args().empty() ? path : arena.concat(path, "?", exchange.args());
}

}  // namespace sluice
