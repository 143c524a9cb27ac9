#include "http/response_parser.h"

#include "http/head_fields.h"

namespace sluice {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// parse_line reads "HTTP/1.1 200 OK"; the reason, and the space before it, may be missing.
HeadResult parse_line(std::string_view line, ResponseHead& out) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !is_digit(line[7]) || line[8] != ' ') {
    return refuse(400, "invalid status line");
  }
  out.version = line[7] == '0' ? HttpVersion::http10 : HttpVersion::http11;
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) return refuse(400, "invalid status code");
  out.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (out.status < 100) return refuse(400, "invalid status code");
  if (line.size() == 12) return {};
  if (line[12] != ' ') return refuse(400, "invalid status line");
  out.reason = line.substr(13);
  return {};
}

bool has_no_body(int status, RequestKind request) {
  return request == RequestKind::head || status < 200 || status == 204 || status == 304;
}

HeadResult resolve_framing(RequestKind request, ResponseHead& out) {
  const bool coding_allowed = out.version != HttpVersion::http10 && out.status >= 200 && out.status != 204;
  if (out.headers.has(HeaderId::transfer_encoding) && !coding_allowed) {
    return refuse(400, "Transfer-Encoding where none is allowed");
  }
  FramingFields fields;
  if (HeadResult r = read_framing(out.headers, fields); !r.ok()) return r;
  out.content_length = fields.length;
  if (has_no_body(out.status, request)) {
    out.framing = BodyFraming::none;
  } else if (fields.has_coding) {
    out.framing = BodyFraming::chunked;
  } else {
    out.framing = fields.has_length ? BodyFraming::length : BodyFraming::until_close;
  }
  return {};
}

void resolve_connection(ResponseHead& out) {
  const ConnectionOptions options = read_connection(out.headers);
  const bool wish = !options.close && (out.version != HttpVersion::http10 || options.keep_alive);
  out.keep_alive = wish && out.framing != BodyFraming::until_close;
}

}  // namespace

HeadResult parse_response_head(std::string_view block, const ResponseLimits& limits, RequestKind request,
                               ResponseHead& out) {
  const Window window(block);
  const char* const begin = block.data();
  const char* const end = begin + block.size();
  const char* const stop = window.find_control(begin);
  if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return refuse(400, "invalid status line");
  const auto line_bytes = static_cast<size_t>(stop - begin);
  if (HeadResult r = parse_line(block.substr(0, line_bytes), out); !r.ok()) return r;
  if (block.size() > limits.total_bytes) return refuse(431, "head is too large");
  const FieldLimits field_limits{limits.line_bytes, limits.max_fields, true};
  if (HeadResult r = parse_fields(window, stop + 2, field_limits, out.headers); !r.ok()) return r;
  if (HeadResult r = resolve_framing(request, out); !r.ok()) return r;
  resolve_connection(out);
  return {};
}

}  // namespace sluice
