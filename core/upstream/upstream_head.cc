// Heads on the upstream side: the request's, rendered in one pass, and the response's, copied without hop-by-hop fields.

#include <cstring>

#include <sluice/http/uri.h>
#include <sluice/server/exchange.h>

#include "http/line_break.h"
#include "upstream/proxy_handler.h"

namespace sluice {

namespace {

void drop(HeaderSet& set, std::initializer_list<HeaderId> ids) {
  for (HeaderId id : ids) set.set(static_cast<size_t>(id));
}

bool in(const HeaderSet& set, HeaderId id) { return set.test(static_cast<size_t>(id)); }

// Fields that a Connection header must not take away: framing, routing and identity are not the client's to remove.
bool protected_field(HeaderId id) {
  switch (id) {
    case HeaderId::host:
    case HeaderId::content_length:
    case HeaderId::transfer_encoding:
    case HeaderId::authorization:
    case HeaderId::cookie:
    case HeaderId::forwarded:
    case HeaderId::x_forwarded_for:
    case HeaderId::x_forwarded_host:
    case HeaderId::x_forwarded_port:
    case HeaderId::x_forwarded_proto:
    case HeaderId::x_real_ip: return true;
    default: return false;
  }
}

// Names listed in Connection (RFC 9110 section 7.6.1), beyond the usual ones. Almost always none.
struct ListedNames {
  static constexpr size_t kMax = 16;
  std::string_view names[kMax];
  size_t count = 0;

  explicit ListedNames(const Headers& headers) {
    for (const Header* h = headers.find(HeaderId::connection); h != nullptr; h = headers.next(h)) {
      std::string_view rest = h->value();
      while (!rest.empty()) {
        const size_t comma = rest.find(',');
        const std::string_view token = trim(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        if (token.empty() || iequals(token, "close") || iequals(token, "keep-alive") || iequals(token, "upgrade")) continue;
        if (!protected_field(header_id(token)) && count < kMax) names[count++] = token;
      }
    }
  }
  bool has(std::string_view name) const {
    for (size_t i = 0; i < count; ++i) {
      if (iequals(names[i], name)) return true;
    }
    return false;
  }
};

struct Out {
  char* at;
  void text(std::string_view s) {
    if (s.empty()) return;
    std::memcpy(at, s.data(), s.size());
    at += s.size();
  }
  void field(std::string_view name, std::string_view value) {
    text(name);
    text(": ");
    text(value);
    text("\r\n");
  }
  void number(uint64_t n) { at = std::to_chars(at, at + 20, n).ptr; }
};

}  // namespace

ProxyHandler::ProxyHandler(UpstreamModule& module, const ProxyConf& conf) : module_(module), conf_(conf) {
  drop(dropped_from_request_, {HeaderId::connection, HeaderId::proxy_connection, HeaderId::keep_alive, HeaderId::te, HeaderId::upgrade,
                               HeaderId::expect, HeaderId::transfer_encoding, HeaderId::content_length, HeaderId::host,
                               HeaderId::http2_settings, HeaderId::trailer});
  for (const ProxySetHeader& header : conf_.set_headers) {
    if (header.id == HeaderId::host) sets_host_ = true;
    if (header.id != HeaderId::unknown) drop(dropped_from_request_, {header.id});
  }
  drop(dropped_from_response_, {HeaderId::connection, HeaderId::proxy_connection, HeaderId::keep_alive, HeaderId::transfer_encoding,
                                HeaderId::content_length, HeaderId::trailer, HeaderId::upgrade, HeaderId::date, HeaderId::server,
                                HeaderId::x_accel_buffering});
  for (const std::string& name : conf_.hide_headers) {
    if (HeaderId id = header_id(name); id != HeaderId::unknown) drop(dropped_from_response_, {id});
  }
  for (const std::string& name : conf_.pass_headers) {
    const HeaderId id = header_id(name);
    if (id == HeaderId::date || id == HeaderId::server || id == HeaderId::x_accel_buffering) {
      dropped_from_response_.reset(static_cast<size_t>(id));
    }
  }
}

Result<std::string_view> ProxyHandler::render_head(Exchange& exchange, const ResolvedTarget& target, bool upgrade) const {
  const RequestHead& request = exchange.request();
  Arena& arena = exchange.arena();
  const std::string_view method = conf_.method.empty() ? request.method_text : conf_.method.eval(exchange);
  const std::string_view target_uri = target.uri;
  if (method.empty() || breaks_line(method) || method.find(' ') != std::string_view::npos || breaks_line(target_uri) ||
      target_uri.find(' ') != std::string_view::npos) {
    return Error(ErrorKind::internal, "the request line for the upstream would hold a blank, CR, LF or NUL");
  }

  size_t bytes = method.size() + target_uri.size() + exchange.proxy_host.size() + 160;
  auto* values = static_cast<std::string_view*>(arena.allocate(conf_.set_headers.size() * sizeof(std::string_view), alignof(std::string_view)));
  for (size_t i = 0; i < conf_.set_headers.size(); ++i) {
    new (&values[i]) std::string_view(conf_.set_headers[i].value.eval(exchange));
    if (breaks_line(values[i])) {
      return Error(ErrorKind::internal, concat("the value of proxy_set_header \"", conf_.set_headers[i].name, "\" holds CR, LF or NUL"));
    }
    bytes += conf_.set_headers[i].name.size() + values[i].size() + 4;
  }
  for (const Header& h : request.headers) bytes += h.name_size + h.value_size + 4u;

  char* start = arena.allocate_chars(bytes);
  Out out{start};
  out.text(method);
  out.text(" ");
  out.text(target_uri);
  out.text(conf_.http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  if (!sets_host_) out.field("Host", exchange.proxy_host);
  for (size_t i = 0; i < conf_.set_headers.size(); ++i) {
    const ProxySetHeader& header = conf_.set_headers[i];
    if (values[i].empty() || header.id == HeaderId::content_length) continue;
    if (upgrade && (header.id == HeaderId::connection || header.id == HeaderId::upgrade)) continue;
    out.field(header.name, values[i]);
  }
  if (upgrade) out.text("Connection: upgrade\r\nUpgrade: websocket\r\n");

  const bool gone = exchange.body_started() && !exchange.body_read();  // passed on by another location; see ProxyHandler::proxy
  const bool sends_body = conf_.pass_request_body && exchange.has_body() && !gone;
  if (sends_body && exchange.body_read()) {
    out.text("Content-Length: ");
    out.number(exchange.body().size());
    out.text("\r\n");
  } else if (sends_body && request.framing == BodyFraming::length) {
    out.text("Content-Length: ");
    out.number(request.content_length);
    out.text("\r\n");
  } else if (sends_body) {
    out.text("Transfer-Encoding: chunked\r\n");
  } else if (request.headers.has(HeaderId::content_length)) {
    out.text("Content-Length: 0\r\n");
  }

  if (conf_.pass_request_headers) {
    const ListedNames listed(request.headers);
    for (const Header& h : request.headers) {
      if (h.removed || in(dropped_from_request_, h.id)) continue;
      if (h.id == HeaderId::unknown && replaced(h.name())) continue;
      if (listed.count > 0 && listed.has(h.name())) continue;
      if (breaks_line(h.value()) || breaks_line(h.name())) return Error(ErrorKind::internal, concat("request header \"", h.name(), "\" holds CR, LF or NUL"));
      out.field(h.name(), h.value());
    }
  }
  out.text("\r\n");
  CHECK(out.at <= start + bytes);
  return std::string_view(start, static_cast<size_t>(out.at - start));
}

bool ProxyHandler::replaced(std::string_view name) const {
  for (const ProxySetHeader& header : conf_.set_headers) {
    if (header.id == HeaderId::unknown && iequals(header.name, name)) return true;
  }
  return false;
}

bool ProxyHandler::hidden(std::string_view name) const {
  if (name.size() >= 5 && (name[0] | 0x20) == 'x' && name[1] == '-') {
    const bool accel = name.size() > 8 && iequals(name.substr(0, 8), "X-Accel-");
    if (accel || iequals(name, "X-Pad")) {
      for (const std::string& passed : conf_.pass_headers) {
        if (iequals(passed, name)) return false;
      }
      return true;
    }
  }
  for (const std::string& hide : conf_.hide_headers) {
    if (iequals(hide, name)) return true;
  }
  return false;
}

void ProxyHandler::copy_response(Exchange& exchange, const ResponseHead& from) const {
  ResponseHead& to = exchange.response();
  to.status = from.status;
  to.reason = from.reason;
  const ListedNames listed(from.headers);
  for (const Header& h : from.headers) {
    if (h.removed || in(dropped_from_response_, h.id)) continue;
    if (h.id == HeaderId::unknown && hidden(h.name())) continue;
    if (listed.count > 0 && listed.has(h.name())) continue;
    to.headers.add(h.id, h.name(), h.value());
  }
}

}  // namespace sluice
