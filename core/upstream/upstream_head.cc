// Heads on the upstream side: the request's, rendered in one pass, and the response's, copied without hop-by-hop fields.

#include <algorithm>
#include <charconv>
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
    case HeaderId::via:
    case HeaderId::x_forwarded_for:
    case HeaderId::x_forwarded_host:
    case HeaderId::x_forwarded_port:
    case HeaderId::x_forwarded_proto:
    case HeaderId::x_real_ip: return true;
    default: return false;
  }
}

struct Out {
  char* at;
  void text(std::string_view s) { at += s.copy(at, s.size()); }
  void field(std::string_view name, std::string_view value) {
    text(name);
    text(": ");
    text(value);
    text("\r\n");
  }
  void length(uint64_t n) {
    text("Content-Length: ");
    at = std::to_chars(at, at + 20, n).ptr;
    text("\r\n");
  }
};

constexpr size_t kFramingBytes = 64;  // the longest framing field and the empty line

bool is_part_of(std::string_view whole, std::string_view part) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// fits_request_line: what stands in the line that the parser has judged needs no second look.
bool fits_request_line(std::string_view text, std::string_view received) {
  return is_part_of(received, text) || (!breaks_line(text) && text.find(' ') == std::string_view::npos);
}

// forget_kept_fields: what an earlier location's response left behind (X-Accel-Redirect, the challenge of a 401) gives way.
void forget_kept_fields(const Headers& from, Headers& to) {
  for (HeaderId id : {HeaderId::content_type, HeaderId::content_disposition, HeaderId::expires, HeaderId::accept_ranges, HeaderId::www_authenticate}) {
    if (from.has(id)) to.remove(id);
  }
}

}  // namespace

// Names listed in Connection (RFC 9110 section 7.6.1), beyond the usual ones. Almost always none.
struct ListedNames {
  static constexpr size_t kMax = 16;
  struct Name {
    const char* data;
    size_t size;
  };
  Name names[kMax];  // not initialised: clearing it would cost more than everything else here
  size_t count = 0;

  explicit ListedNames(const Headers& headers) {
    for (const Header* h = headers.find(HeaderId::connection); h != nullptr; h = headers.next(h)) {
      std::string_view rest = h->value();
      while (!rest.empty()) {
        const size_t comma = rest.find(',');
        const std::string_view token = trim(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        if (token.empty() || iequals(token, "close") || iequals(token, "keep-alive") || iequals(token, "upgrade")) continue;
        if (!protected_field(header_id(token)) && count < kMax) names[count++] = {token.data(), token.size()};
      }
    }
  }
  bool has(std::string_view name) const {
    for (size_t i = 0; i < count; ++i) {
      if (iequals({names[i].data, names[i].size}, name)) return true;
    }
    return false;
  }
};

ProxyHandler::ProxyHandler(UpstreamModule& module, const ProxyConf& conf) : module_(module), conf_(conf), rules_(conf) {
  drop(dropped_from_request_, {HeaderId::connection, HeaderId::proxy_connection, HeaderId::keep_alive, HeaderId::te, HeaderId::upgrade,
                               HeaderId::expect, HeaderId::transfer_encoding, HeaderId::content_length, HeaderId::host,
                               HeaderId::http2_settings, HeaderId::trailer});
  for (const ProxySetHeader& header : conf_.set_headers) {
    if (header.id == HeaderId::host) sets_host_ = true;
    if (header.id != HeaderId::unknown) drop(dropped_from_request_, {header.id});
    else replaced_names_.push_back(header.name);
  }
  head_ = plan_head(false);
  upgrade_head_ = plan_head(true);
  plan_response();
}

// plan_response says which well-known fields of a response do not go to the client as they are.
void ProxyHandler::plan_response() {
  static constexpr std::initializer_list<HeaderId> kHidden = {
      HeaderId::date,            HeaderId::server,          HeaderId::x_accel_buffering, HeaderId::x_accel_charset,
      HeaderId::x_accel_expires, HeaderId::x_accel_limit_rate, HeaderId::x_accel_redirect};
  for (HeaderId id : {HeaderId::location, HeaderId::refresh, HeaderId::set_cookie}) {
    if (rules_.concerns(id)) drop(rewritten_in_response_, {id});
  }
  dropped_from_response_ = rewritten_in_response_;
  drop(dropped_from_response_, {HeaderId::connection, HeaderId::proxy_connection, HeaderId::keep_alive, HeaderId::transfer_encoding,
                                HeaderId::content_length, HeaderId::trailer, HeaderId::upgrade});
  drop(dropped_from_response_, kHidden);
  for (const std::string& name : conf_.pass_headers) {
    const HeaderId id = header_id(name);
    if (std::find(kHidden.begin(), kHidden.end(), id) != kHidden.end()) dropped_from_response_.reset(static_cast<size_t>(id));
  }
  for (const std::string& name : conf_.hide_headers) {
    const HeaderId id = header_id(name);
    if (id == HeaderId::unknown) continue;
    drop(dropped_from_response_, {id});
    rewritten_in_response_.reset(static_cast<size_t>(id));
  }
}

// plan_head joins what is the same for every request: the version, Host, and every proxy_set_header without variables.
ProxyHandler::HeadPlan ProxyHandler::plan_head(bool upgrade) const {
  HeadPlan plan;
  const auto add_text = [&plan](std::string_view text) {
    (plan.fields.empty() ? plan.text : plan.fields.back().text_behind) += text;
    plan.bytes += text.size();
  };
  const auto add_field = [&plan](std::string_view name, const ComplexValue* value) {
    plan.fields.push_back({name, value, {}});
    plan.bytes += name.size() + 4;
  };
  add_text(conf_.http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  if (!sets_host_ && conf_.target->dynamic) add_field("Host", nullptr);
  else if (!sets_host_) add_text(concat("Host: ", shown_host(conf_.target->host), "\r\n"));
  for (const ProxySetHeader& header : conf_.set_headers) {
    if (header.id == HeaderId::content_length || header.value.empty()) continue;
    if (upgrade && (header.id == HeaderId::connection || header.id == HeaderId::upgrade)) continue;
    const bool fixed = header.value.is_constant() && !breaks_line(header.value.constant());
    if (fixed) add_text(concat(header.name, ": ", header.value.constant(), "\r\n"));
    else add_field(header.name, &header.value);
  }
  if (upgrade) add_text("Connection: upgrade\r\nUpgrade: websocket\r\n");
  return plan;
}

Result<const std::string_view*> ProxyHandler::field_values(Exchange& exchange, const HeadPlan& plan, size_t& bytes) const {
  auto* values = static_cast<std::string_view*>(exchange.arena().allocate(plan.fields.size() * sizeof(std::string_view), alignof(std::string_view)));
  for (size_t i = 0; i < plan.fields.size(); ++i) {
    const HeadField& field = plan.fields[i];
    new (&values[i]) std::string_view(field.value == nullptr ? exchange.proxy_host : field.value->eval(exchange));
    if (breaks_line(values[i])) {
      return Error(ErrorKind::internal, concat("the value of proxy_set_header \"", field.name, "\" holds CR, LF or NUL"));
    }
    bytes += values[i].size();
  }
  return static_cast<const std::string_view*>(values);
}

Result<std::string_view> ProxyHandler::render_head(Exchange& exchange, const ResolvedTarget& target, bool upgrade, std::string_view own_body) const {
  const RequestHead& request = exchange.request();
  const std::string_view method = conf_.method.empty() ? request.method_text : conf_.method.eval(exchange);
  if (method.empty() || !fits_request_line(method, request.line) || !fits_request_line(target.uri, request.line)) {
    return Error(ErrorKind::internal, "the request line for the upstream would hold a blank, CR, LF or NUL");
  }
  const HeadPlan& plan = upgrade ? upgrade_head_ : head_;
  size_t bytes = method.size() + 1 + target.uri.size() + plan.bytes + kFramingBytes;
  const std::string_view* values = nullptr;
  if (!plan.fields.empty()) {
    TRY_ASSIGN(values, field_values(exchange, plan, bytes));
  }
  if (conf_.pass_request_headers) {
    for (const Header& h : request.headers) bytes += h.name_size + h.value_size + 4u;
  }

  if (!target.via.empty()) [[unlikely]] bytes += via_bytes(request, target.via);

  char* const start = exchange.arena().allocate_chars(bytes);
  Out out{start};
  out.text(method);
  *out.at++ = ' ';
  out.text(target.uri);
  out.text(plan.text);
  for (size_t i = 0; i < plan.fields.size(); ++i) {
    if (!values[i].empty()) out.field(plan.fields[i].name, values[i]);
    out.text(plan.fields[i].text_behind);
  }

  const bool gone = exchange.body_started() && !exchange.body_is_whole();  // passed on by another location; see ProxyHandler::prepare
  const bool sends_body = conf_.pass_request_body && exchange.has_body() && !gone;
  if (conf_.body) out.length(own_body.size());
  else if (sends_body && exchange.body_read()) out.length(exchange.body().size());
  else if (sends_body && request.framing == BodyFraming::length) out.length(request.content_length);
  else if (sends_body) out.text("Transfer-Encoding: chunked\r\n");
  else if (request.headers.has(HeaderId::content_length)) out.length(0);

  if (conf_.pass_request_headers) {
    TRY(copy_fields(request, out.at));
  }
  if (!target.via.empty()) [[unlikely]] add_via(request, target.via, out.at);
  out.text("\r\n");
  CHECK(out.at <= start + bytes);
  return std::string_view(start, static_cast<size_t>(out.at - start));
}

inline bool ProxyHandler::passes_to_peer(const Header& header, const ListedNames& listed) const {
  if (header.removed || in(dropped_from_request_, header.id)) return false;
  if (header.id == HeaderId::unknown && !replaced_names_.empty() && replaced(header.name())) return false;
  return listed.count == 0 || !listed.has(header.name());
}

// copy_fields writes the client's fields, without those that are hop-by-hop or replaced, and moves `to` behind them.
Result<void> ProxyHandler::copy_fields(const RequestHead& request, char*& to) const {
  Out out{to};
  const ListedNames listed(request.headers);
  std::string_view run;  // lines that stand as they are to be sent, one behind the other: copied in one piece
  for (const Header& h : request.headers) {
    if (!passes_to_peer(h, listed)) continue;
    const std::string_view line = h.line();
    if (!line.empty() && line.data() == run.data() + run.size()) {
      run = {run.data(), run.size() + line.size()};
      continue;
    }
    out.text(run);
    run = line;
    if (!line.empty()) continue;
    if (!h.parsed && (breaks_line(h.value()) || breaks_line(h.name()))) {
      return Error(ErrorKind::internal, concat("request header \"", h.name(), "\" holds CR, LF or NUL"));
    }
    out.field(h.name(), h.value());
  }
  out.text(run);
  to = out.at;
  return {};
}

size_t ProxyHandler::via_bytes(const RequestHead& request, std::string_view name) const {
  size_t bytes = name.size() + std::string_view("Via: 1.1 \r\n").size();
  for (const Header* h = request.headers.find(HeaderId::via); h != nullptr; h = request.headers.next(h)) bytes += h->name_size + h->value_size + 4u;
  return bytes;
}

// add_via writes our entry behind the client's, which are kept whatever happens to the other fields: they show a loop.
void ProxyHandler::add_via(const RequestHead& request, std::string_view name, char*& to) const {
  Out out{to};
  if (!conf_.pass_request_headers || in(dropped_from_request_, HeaderId::via)) {
    for (const Header* h = request.headers.find(HeaderId::via); h != nullptr; h = request.headers.next(h)) {
      if (h->parsed || !breaks_line(h->value())) out.field(h->name(), h->value());
    }
  }
  out.text(request.version == HttpVersion::http10 ? "Via: 1.0 " : "Via: 1.1 ");
  out.text(name);
  out.text("\r\n");
  to = out.at;
}

bool ProxyHandler::replaced(std::string_view name) const {
  for (std::string_view other : replaced_names_) {
    if (iequals(other, name)) return true;
  }
  return false;
}

bool ProxyHandler::hidden(std::string_view name) const {
  const auto is_name = [name](const std::string& other) { return iequals(other, name); };
  if (iequals(name, "X-Pad")) return std::none_of(conf_.pass_headers.begin(), conf_.pass_headers.end(), is_name);
  return std::any_of(conf_.hide_headers.begin(), conf_.hide_headers.end(), is_name);
}

void ProxyHandler::copy_response(Exchange& exchange, const ResponseHead& from) const {
  ResponseHead& to = exchange.response();
  to.status = from.status;
  to.reason = from.reason;
  if (exchange.redirects() > 0) [[unlikely]] forget_kept_fields(from.headers, to.headers);
  const ListedNames listed(from.headers);
  for (const Header& h : from.headers) {
    if (h.removed) continue;
    if (in(dropped_from_response_, h.id)) {
      if (in(rewritten_in_response_, h.id)) rules_.add(exchange, h, to.headers);
      continue;
    }
    if (h.id == HeaderId::unknown && hidden(h.name())) continue;
    if (listed.count > 0 && listed.has(h.name())) continue;
    to.headers.add(h);
  }
}

}  // namespace sluice
