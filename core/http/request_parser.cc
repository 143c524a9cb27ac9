#include "http/request_parser.h"

#include <algorithm>

#include <sluice/base/strings.h>

#include "http/authority.h"
#include "http/byte_class.h"
#include "http/head_fields.h"

namespace sluice {

namespace {

constexpr size_t kMaxMethodBytes = 64;
constexpr size_t kVersionBytes = 8;  // "HTTP/1.1"

bool is_digit(char c) { return c >= '0' && c <= '9'; }

HeadResult parse_version(std::string_view text, HttpVersion& out) {
  if (text.size() != kVersionBytes || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return refuse(400, "invalid HTTP version");
  }
  if (text[5] != '1') return refuse(505, "unsupported HTTP version");
  out = text[7] == '0' ? HttpVersion::http10 : HttpVersion::http11;
  return {};
}

HeadResult parse_method(std::string_view text, RequestHead& out) {
  if (text.empty() || !all_of_class(text, kMethod)) return refuse(400, "invalid method");
  if (text.size() > kMaxMethodBytes) return refuse(501, "method is too long");
  out.method_text = text;
  out.method = method_from(text);
  if (out.method == Method::connect) return refuse(405, "CONNECT is not served");
  if (out.method == Method::trace) return refuse(405, "TRACE is not served");  // it would show credentials to scripts (RFC 9110 section 9.3.8)
  return {};
}

// split_path cuts path and query; the text begins with '/' or '?' or is empty. A blank, which is of no class, follows it.
HeadResult split_path(const Window& block, std::string_view text, RequestHead& out) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* const mark = block.find_not_path(begin);
  out.path = mark == begin ? std::string_view("/") : std::string_view(begin, static_cast<size_t>(mark - begin));
  if (mark == end) return {};
  if (*mark != '?') return refuse(400, *mark == '#' ? "fragment in the request target" : "invalid character in the path");
  if (block.find_not_query(mark) != end) return refuse(400, "invalid character in the query");
  out.has_query = true;
  out.query = std::string_view(mark + 1, static_cast<size_t>(end - mark - 1));
  return {};
}

// parse_absolute reads http://authority/path?query.
HeadResult parse_absolute(const Window& block, std::string_view target, Arena& arena, RequestHead& out) {
  const size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return refuse(400, "invalid request target");
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!iequals(scheme, "http") && !iequals(scheme, "https")) return refuse(400, "unknown scheme in the request target");
  const std::string_view rest = target.substr(scheme_end + 3);
  const size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  out.authority = rest.substr(0, authority_end);
  const auto host = host_of_authority(block, out.authority, arena);
  if (!host) return refuse(400, "invalid host in the request target");
  out.host = *host;
  return split_path(block, rest.substr(authority_end), out);
}

HeadResult parse_target(const Window& block, std::string_view target, const RequestLimits& limits, Arena& arena, RequestHead& out) {
  if (target.size() > limits.uri_bytes) return refuse(414, "request target is too long");
  if (target.empty()) return refuse(400, "no request target");
  out.target = target;
  if (target.front() == '/') return split_path(block, target, out);
  if (target == "*") {
    out.path = "/";
    return out.method == Method::options ? HeadResult() : refuse(400, "asterisk target without OPTIONS");
  }
  return parse_absolute(block, target, arena, out);
}

// parse_line splits at the first and the last space: a space inside the target fails the target's byte class.
HeadResult parse_line(const Window& block, std::string_view line, const RequestLimits& limits, Arena& arena, RequestHead& out) {
  out.line = line;
  if (line.starts_with("GET ") && line.ends_with(" HTTP/1.1") && line.size() > 13) {
    out.method_text = line.substr(0, 3);
    out.method = Method::get;
    out.version = HttpVersion::http11;
    return parse_target(block, line.substr(4, line.size() - 13), limits, arena, out);
  }
  const size_t method_end = line.find(' ');
  const size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end == method_end) return refuse(400, "invalid request line");
  if (HeadResult r = parse_method(line.substr(0, method_end), out); !r.ok()) return r;
  if (HeadResult r = parse_version(line.substr(target_end + 1), out.version); !r.ok()) return r;
  return parse_target(block, line.substr(method_end + 1, target_end - method_end - 1), limits, arena, out);
}

HeadResult resolve_host(const Window& block, Arena& arena, RequestHead& out) {
  const Header* field = out.headers.find(HeaderId::host);
  if (field == nullptr) {
    if (out.version != HttpVersion::http10) return refuse(400, "no Host header");
  } else {
    if (out.headers.next(field) != nullptr) return refuse(400, "more than one Host header");
    const auto host = host_of_authority(block, field->value(), arena);
    if (!host) return refuse(400, "invalid Host header");
    if (out.authority.empty()) {
      out.authority = field->value();
      out.host = *host;
      return {};
    }
  }
  if (!out.authority.empty() && out.headers.value(HeaderId::host) != out.authority) {
    out.headers.set(HeaderId::host, out.authority);
  }
  return {};
}

HeadResult resolve_framing(RequestHead& out) {
  FramingFields fields;
  if (out.version == HttpVersion::http10 && out.headers.has(HeaderId::transfer_encoding)) {
    return refuse(400, "Transfer-Encoding in an HTTP/1.0 request");
  }
  if (HeadResult r = read_framing(out.headers, fields); !r.ok()) return r;
  if (fields.has_coding) out.framing = BodyFraming::chunked;
  if (fields.has_length) {
    out.framing = BodyFraming::length;
    out.content_length = fields.length;
  }
  return {};
}

void resolve_connection(RequestHead& out) {
  const ConnectionOptions options = read_connection(out.headers);
  const bool http10 = out.version == HttpVersion::http10;
  out.keep_alive = !options.close && (!http10 || options.keep_alive);
  out.wants_upgrade = !http10 && options.upgrade && !out.headers.value(HeaderId::upgrade).empty();
}

HeadResult resolve_expect(RequestHead& out) {
  for (const Header* field = out.headers.find(HeaderId::expect); field != nullptr; field = out.headers.next(field)) {
    if (!iequals(field->value(), "100-continue")) return refuse(417, "unknown expectation");
    out.expect_continue = out.version != HttpVersion::http10;  // RFC 9110 section 10.1.1: HTTP/1.0 does not know it
  }
  return {};
}

}  // namespace

HeadResult parse_request_head(std::string_view block, const RequestLimits& limits, Arena& arena, RequestHead& out) {
  const Window window(block);
  const char* const begin = block.data();
  const char* const end = begin + block.size();
  const char* const stop = window.find_control(begin);
  if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return refuse(400, "invalid request line");
  const auto line_bytes = static_cast<size_t>(stop - begin);
  if (HeadResult r = parse_line(window, block.substr(0, line_bytes), limits, arena, out); !r.ok()) return r;
  if (block.size() > limits.total_bytes) return refuse(431, "head is too large");
  const FieldLimits field_limits{limits.line_bytes, limits.max_fields, limits.underscores_in_headers};
  if (HeadResult r = parse_fields(window, stop + 2, field_limits, out.headers); !r.ok()) return r;
  if (HeadResult r = resolve_host(window, arena, out); !r.ok()) return r;
  if (HeadResult r = resolve_framing(out); !r.ok()) return r;
  resolve_connection(out);
  return resolve_expect(out);
}

}  // namespace sluice
