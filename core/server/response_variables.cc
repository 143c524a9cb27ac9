// Variables of the response and of the attempts at upstreams.
#include <sluice/base/clock.h>
#include <sluice/base/hash.h>
#include <sluice/base/strings.h>
#include <sluice/conf/units.h>
#include <sluice/http/uri.h>

#include "server/core_conf.h"
#include "server/variable_text.h"

namespace sluice {

namespace {

VariableValue status(Exchange& x, const Variable&) {
  const int forced = x.head_sent() ? 0 : x.forced_status();  // a page for that status is on its way
  const int code = forced != 0 ? forced : x.response().status;
  if (code == 0) return std::string_view("000");
  return decimal(x, static_cast<uint64_t>(code));
}
VariableValue body_bytes_sent(Exchange& x, const Variable&) { return decimal(x, x.body_bytes_sent()); }
VariableValue bytes_sent(Exchange& x, const Variable&) { return decimal(x, x.bytes_sent()); }

VariableValue request_time(Exchange& x, const Variable&) {
  uint64_t now = Clock::of_thread().now_us();
  return seconds_text(x, now > x.started_us() ? (now - x.started_us()) / 1000 : 0);
}

VariableValue request_completion(Exchange& x, const Variable&) {
  return x.response_finished() ? std::string_view("OK") : std::string_view("");
}

VariableValue sent_header(Exchange& x, const Variable& variable) { return joined_headers(x, x.response().headers, variable, ", "); }

VariableValue limit_rate(Exchange& x, const Variable&) { return decimal(x, x.limit_rate()); }
void set_limit_rate(Exchange& x, const Variable&, std::string_view text) {
  if (const auto rate = parse_size(text)) return x.set_limit_rate(*rate);
  x.log_at(LogLevel::error, "invalid $limit_rate \"", text, '"');
}

VariableValue upstream_header(Exchange& x, const Variable& variable) {
  return x.upstream_headers == nullptr ? VariableValue() : joined_headers(x, *x.upstream_headers, variable, ", ");
}

// The first Set-Cookie of that name in the last response of a peer.
VariableValue upstream_cookie(Exchange& x, const Variable& variable) {
  if (x.upstream_headers == nullptr) return {};
  const std::string& wanted = variable.suffix();
  for (const Header* field = x.upstream_headers->find(HeaderId::set_cookie); field != nullptr; field = x.upstream_headers->next(field)) {
    const std::string_view pair = field->value().substr(0, field->value().find(';'));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && iequals(trim(pair.substr(0, equals)), wanted)) return trim(pair.substr(equals + 1));
  }
  return {};
}

VariableValue proxy_error(Exchange& x, const Variable&) {
  return x.error_cause().empty() ? VariableValue() : VariableValue(x.error_cause());
}

// One entry per attempt, joined by ", "; not found before the first.
template <class Render>
VariableValue per_attempt(Exchange& x, Render render) {
  std::string_view all;
  for (const UpstreamAttemptRecord* attempt = x.attempts(); attempt != nullptr; attempt = attempt->next) {
    std::string_view one = render(x, *attempt);
    all = attempt == x.attempts() ? one : x.arena().concat(all, ", ", one);
  }
  return x.attempts() == nullptr ? VariableValue() : VariableValue(all);
}

std::string_view duration(Exchange& x, int64_t microseconds) {
  return microseconds < 0 ? std::string_view("-") : seconds_text(x, static_cast<uint64_t>(microseconds) / 1000);
}

using Attempt = UpstreamAttemptRecord;

VariableValue upstream_addr(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange&, const Attempt& attempt) { return attempt.address; });
}
VariableValue upstream_status(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) {
    return attempt.status == 0 ? std::string_view("-") : decimal(exchange, static_cast<uint64_t>(attempt.status));
  });
}
VariableValue upstream_connect_time(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) { return duration(exchange, attempt.connect_us); });
}
VariableValue upstream_header_time(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) { return duration(exchange, attempt.header_us); });
}
VariableValue upstream_response_time(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) { return duration(exchange, attempt.response_us); });
}
VariableValue upstream_response_length(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) { return decimal(exchange, attempt.body_bytes); });
}
VariableValue upstream_bytes_received(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) { return decimal(exchange, attempt.bytes_received); });
}
VariableValue upstream_bytes_sent(Exchange& x, const Variable&) {
  return per_attempt(x, [](Exchange& exchange, const Attempt& attempt) { return decimal(exchange, attempt.bytes_sent); });
}

constexpr VariableRow kRows[] = {
    {"body_bytes_sent", body_bytes_sent, nullptr, "Bytes of the response body sent to the client."},
    {"bytes_sent", bytes_sent, nullptr, "Bytes sent to the client, head included."},
    {"limit_rate", limit_rate, set_limit_rate, "Bytes of the response that leave per second at most; `set` changes it. 0: no limit."},
    {"proxy_error", proxy_error, nullptr, "Why sluice answered by itself; empty when it did not."},
    {"request_completion", request_completion, nullptr, "OK when the response was sent as a whole, else empty."},
    {"request_time", request_time, nullptr, "Seconds with milliseconds since the first byte of the request."},
    {"sent_http_", sent_header, nullptr, "Response field NAME (lower case, _ for -)."},
    {"status", status, nullptr, "Status of the response."},
    {"upstream_addr", upstream_addr, nullptr, "Address of the peer; several attempts are joined by `, `."},
    {"upstream_bytes_received", upstream_bytes_received, nullptr, "Bytes received from the peer, per attempt."},
    {"upstream_bytes_sent", upstream_bytes_sent, nullptr, "Bytes sent to the peer, per attempt."},
    {"upstream_connect_time", upstream_connect_time, nullptr, "Seconds to connect to the peer, per attempt."},
    {"upstream_cookie_", upstream_cookie, nullptr, "Cookie NAME that the last response of a peer sets."},
    {"upstream_header_time", upstream_header_time, nullptr, "Seconds to the peer's response head, per attempt."},
    {"upstream_http_", upstream_header, nullptr, "Field NAME of the last response of a peer."},
    {"upstream_response_length", upstream_response_length, nullptr, "Bytes of the peer's response body, per attempt."},
    {"upstream_response_time", upstream_response_time, nullptr, "Seconds to the end of the peer's response, per attempt."},
    {"upstream_status", upstream_status, nullptr, "Status of the peer's response, per attempt."},
};

}  // namespace

std::span<const VariableRow> response_variables() {
  return kRows;
}

}  // namespace sluice
