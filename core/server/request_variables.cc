// Variables of the request.
#include <sluice/base/clock.h>
#include <sluice/base/hash.h>
#include <sluice/base/strings.h>
#include <sluice/http/basic_credentials.h>
#include <sluice/http/uri.h>

#include "server/client_connection.h"
#include "server/core_conf.h"
#include "server/exchange_runtime.h"
#include "server/variable_text.h"

namespace sluice {

namespace {

VariableValue uri(Exchange& x, const Variable&) { return x.uri(); }
VariableValue args(Exchange& x, const Variable&) { return x.args(); }
VariableValue is_args(Exchange& x, const Variable&) { return x.args().empty() ? std::string_view("") : std::string_view("?"); }
// As received, but never with the host of an absolute target, as in nginx.
VariableValue request_uri(Exchange& x, const Variable&) {
  const RequestHead& request = x.request();
  if (request.target.starts_with('/') || request.target == "*") return request.target;
  return request.has_query ? x.arena().concat(request.path, "?", request.query) : request.path;
}
VariableValue request_line(Exchange& x, const Variable&) { return x.request().line; }
// Of the client's request, in its subrequests too, as in nginx.
VariableValue request_method(Exchange& x, const Variable&) {
  const RequestHead& request = ExchangeRuntime::root_of(x).request();
  return request.method_text.empty() ? method_name(request.method) : request.method_text;
}
VariableValue request_length(Exchange& x, const Variable&) { return decimal(x, ExchangeRuntime::of(x).request_length()); }
VariableValue request_id(Exchange& x, const Variable&) { return ExchangeRuntime::of(x).request_id(); }

// The port that the client named, in the target or in the Host field.
VariableValue request_port(Exchange& x, const Variable&) {
  const std::string_view authority = x.request().authority;
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) return std::string_view("");
  return authority.substr(colon + 1);
}
VariableValue is_request_port(Exchange& x, const Variable& variable) {
  return request_port(x, variable).text.empty() ? std::string_view("") : std::string_view(":");
}
VariableValue server_protocol(Exchange& x, const Variable&) { return version_name(x.request().version); }
VariableValue scheme(Exchange&, const Variable&) { return std::string_view("http"); }
VariableValue https(Exchange&, const Variable&) { return std::string_view(""); }
VariableValue http2(Exchange&, const Variable&) { return std::string_view(""); }
VariableValue not_there(Exchange&, const Variable&) { return {}; }

VariableValue host(Exchange& x, const Variable&) {
  if (!x.request().host.empty()) return x.request().host;
  return std::string_view(x.server().primary_name);
}

VariableValue header_value(Exchange& x, HeaderId id) {
  const Header* header = x.request().headers.find(id);
  return header == nullptr ? VariableValue() : VariableValue(header->value());
}
VariableValue content_type(Exchange& x, const Variable&) { return header_value(x, HeaderId::content_type); }
VariableValue content_length(Exchange& x, const Variable&) { return header_value(x, HeaderId::content_length); }

VariableValue request_body(Exchange& x, const Variable&) {
  return x.body_read() && !x.body().empty() ? VariableValue(x.body()) : VariableValue();
}

VariableValue request_body_file(Exchange& x, const Variable&) {
  return x.body_file() != nullptr ? VariableValue(x.body_file()->path) : VariableValue();
}

VariableValue http_header(Exchange& x, const Variable& variable) {
  bool is_cookie = variable.number == static_cast<uint32_t>(HeaderId::cookie);
  return joined_headers(x, x.request().headers, variable, is_cookie ? "; " : ", ");
}

VariableValue argument(Exchange& x, const Variable& variable) {
  auto value = query_arg(x.args(), variable.suffix());
  return value ? VariableValue(*value) : VariableValue();
}

VariableValue cookie_value(Exchange& x, const Variable& variable) {
  auto value = cookie(x.request().headers, variable.suffix());
  return value ? VariableValue(*value) : VariableValue();
}

VariableValue capture(Exchange& x, const Variable& variable) {
  size_t group = variable.name()[0] - '0';
  const auto& offsets = x.captures.offsets;
  if (group * 2 + 1 >= offsets.size() || offsets[group * 2] == SIZE_MAX) return {};
  return x.captures.subject.substr(offsets[group * 2], offsets[group * 2 + 1] - offsets[group * 2]);
}

VariableValue remote_user(Exchange& x, const Variable&) {
  const auto credentials = basic_credentials(x.request().headers.value(HeaderId::authorization), x.arena());
  return credentials ? VariableValue(credentials->user) : VariableValue();
}

VariableValue proxy_host(Exchange& x, const Variable&) { return x.proxy_host.empty() ? VariableValue() : VariableValue(x.proxy_host); }
VariableValue proxy_port(Exchange& x, const Variable&) { return x.proxy_port.empty() ? VariableValue() : VariableValue(x.proxy_port); }

VariableValue proxy_add_x_forwarded_for(Exchange& x, const Variable&) {
  std::string_view client = x.client_host();
  std::string_view all;
  for (const Header& header : x.request().headers) {
    if (header.removed || header.id != HeaderId::x_forwarded_for) continue;
    all = all.empty() ? header.value() : x.arena().concat(all, ", ", header.value());
  }
  return all.empty() ? client : x.arena().concat(all, ", ", client);
}

void set_args(Exchange& x, const Variable&, std::string_view value) { x.set_args(value); }

constexpr VariableRow kRows[] = {
    {"arg_", argument, nullptr, "First argument NAME of the query, undecoded."},
    {"args", args, set_args, "The query, without `?`."},
    {"content_length", content_length, nullptr, "Request field Content-Length."},
    {"content_type", content_type, nullptr, "Request field Content-Type."},
    {"cookie_", cookie_value, nullptr, "Cookie NAME of the request."},
    {"document_uri", uri, nullptr, "The same as $uri."},
    {"host", host, nullptr, "Host of the request line, else of the Host field, else the server's first name; lower case, no port."},
    {"http2", http2, nullptr, "h2 for HTTP/2, else empty."},
    {"http_", http_header, nullptr, "Request field NAME (lower case, _ for -); several are joined by `, `."},
    {"https", https, nullptr, "`on` when the client's connection is encrypted, else empty."},
    {"is_args", is_args, nullptr, "`?` when there is a query, else empty."},
    {"is_request_port", is_request_port, nullptr, "`:` when the client named a port, else empty."},
    {"proxy_add_x_forwarded_for", proxy_add_x_forwarded_for, nullptr, "X-Forwarded-For with the client's address added."},
    {"proxy_host", proxy_host, nullptr, "Host and port as proxy_pass names them."},
    {"proxy_port", proxy_port, nullptr, "Port that proxy_pass names, or its default."},
    {"query_string", args, set_args, "The same as $args."},
    {"remote_user", remote_user, nullptr, "User of basic authentication."},
    {"request", request_line, nullptr, "The request line as received."},
    {"request_body", request_body, nullptr, "The request body, once it was read into memory."},
    {"request_body_file", request_body_file, nullptr, "Path of the file in which the request body lies; see client_body_in_file_only."},
    {"request_id", request_id, nullptr, "32 random hex digits, the same for the whole request."},
    {"request_length", request_length, nullptr, "Bytes read of the request: its head and its body, without the framing of chunks."},
    {"request_method", request_method, nullptr, "Method of the request."},
    {"request_port", request_port, nullptr, "Port that the client named in the target or in Host; empty: none."},
    {"request_uri", request_uri, nullptr, "Target of the request as received, without the host of an absolute one."},
    {"scheme", scheme, nullptr, "http or https."},
    {"server_protocol", server_protocol, nullptr, "Protocol of the request: HTTP/1.1."},
    {"ssl_", not_there, nullptr, "Never there: no connection has TLS."},
    {"upstream_cache_status", not_there, nullptr, "Never there: there is no cache."},
    {"uri", uri, nullptr, "Path of the request: decoded, normalised, as the phases changed it."},
    {"1", capture, nullptr, "Group of the last regular expression that matched; also $2 to $9."},
    {"2", capture, nullptr, ""}, {"3", capture, nullptr, ""}, {"4", capture, nullptr, ""}, {"5", capture, nullptr, ""},
    {"6", capture, nullptr, ""}, {"7", capture, nullptr, ""}, {"8", capture, nullptr, ""}, {"9", capture, nullptr, ""},
};

}  // namespace

std::span<const VariableRow> request_variables() {
  return kRows;
}

}  // namespace sluice
