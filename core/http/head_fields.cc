#include "http/head_fields.h"

#include <sluice/base/strings.h>

#include "http/header_names.h"

namespace sluice {

namespace {

constexpr size_t kMaxNameBytes = 65535;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// next_element cuts the next element of a comma-separated list off `list`, without white space around it.
std::string_view next_element(std::string_view& list) {
  const size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return element;
}

HeadResult bad_name(std::string_view name) {
  if (name.empty()) return refuse(400, "empty header name");
  if (name.front() == ' ' || name.front() == '\t') return refuse(400, "folded header line");
  if (name.find_first_of("\r\n") != std::string_view::npos) return refuse(400, "header line without colon");
  if (name.back() == ' ' || name.back() == '\t') return refuse(400, "white space before the colon of a header");
  return refuse(400, "invalid character in a header name");
}

bool is_content_coding(std::string_view name) {
  return iequals(name, "gzip") || iequals(name, "x-gzip") || iequals(name, "deflate") || iequals(name, "compress") ||
         iequals(name, "x-compress");
}

// is_unsupported_coding: codings that exist, then `chunked` last: well-formed, but nothing we decode.
bool is_unsupported_coding(std::string_view list) {
  bool any = false;
  while (!list.empty()) {
    const std::string_view element = next_element(list);
    if (list.empty()) return any && iequals(element, "chunked");
    if (!is_content_coding(element)) return false;
    any = true;
  }
  return false;
}

HeadResult read_length(const Headers& headers, const Header& field, FramingFields& out) {
  if (headers.next(&field) != nullptr) return refuse(400, "more than one Content-Length");
  const auto length = parse_uint(field.value());
  if (!length || *length > static_cast<uint64_t>(INT64_MAX)) return refuse(400, "invalid Content-Length");
  out.has_length = true;
  out.length = *length;
  return {};
}

HeadResult read_coding(const Headers& headers, const Header& field, FramingFields& out) {
  if (headers.next(&field) != nullptr) return refuse(400, "more than one Transfer-Encoding");
  if (is_unsupported_coding(field.value())) return refuse(501, "unsupported Transfer-Encoding");
  if (!iequals(field.value(), "chunked")) return refuse(400, "invalid Transfer-Encoding");
  out.has_coding = true;
  return {};
}

}  // namespace

HeadResult parse_fields(std::string_view block, const FieldLimits& limits, Headers& out) {
  return parse_fields(Window(block), block.data(), limits, out);
}

HeadResult parse_fields(const Window& block, const char* p, const FieldLimits& limits, Headers& out) {
  const char* const end = block.end();
  uint32_t fields = 0;
  while (p < end && *p != '\r') {
    if (++fields > limits.max_fields) return refuse(431, "too many header fields");
    const char* const line = p;
    const char* const colon = block.find_byte(p, ':');
    const std::string_view name(line, static_cast<size_t>(colon - line));
    if (colon == end) return bad_name(name);
    const HeaderId id = header_names::lookup(name);
    bool underscore = false;
    // A name that the table knows is a token, without '_', by construction.
    if (id == HeaderId::unknown && (name.empty() || !all_of_class(name, kPlainName))) {
      if (name.empty() || !all_of_class(name, kToken)) return bad_name(name);
      underscore = true;
    }
    if (name.size() > kMaxNameBytes) return refuse(431, "header line is too long");

    p = colon + 1;
    if (end - p > 1 && p[0] == ' ' && p[1] > ' ') ++p;
    else while (p < end && is_blank(*p)) ++p;
    const char* const stop = block.find_control(p);
    if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return refuse(400, "invalid character in a header value");
    if (static_cast<size_t>(stop - line) > limits.line_bytes) return refuse(431, "header line is too long");
    const char* last = stop;
    while (last > p && is_blank(last[-1])) --last;
    const char* const value = p;
    p = stop + 2;

    if (underscore && !limits.underscores_in_headers) continue;
    out.add_parsed(id, name, {value, static_cast<size_t>(last - value)});
  }
  if (end - p != 2 || p[0] != '\r' || p[1] != '\n') return refuse(400, "head does not end with an empty line");
  return {};
}

HeadResult read_framing(const Headers& headers, FramingFields& out) {
  const Header* length = headers.find(HeaderId::content_length);
  const Header* coding = headers.find(HeaderId::transfer_encoding);
  if (length != nullptr && coding != nullptr) return refuse(400, "both Content-Length and Transfer-Encoding");
  if (length != nullptr) return read_length(headers, *length, out);
  if (coding != nullptr) return read_coding(headers, *coding, out);
  return {};
}

ConnectionOptions read_connection(const Headers& headers) {
  ConnectionOptions out;
  for (const Header* field = headers.find(HeaderId::connection); field != nullptr; field = headers.next(field)) {
    std::string_view list = field->value();
    while (!list.empty()) {
      const std::string_view option = next_element(list);
      if (iequals(option, "close")) out.close = true;
      if (iequals(option, "keep-alive")) out.keep_alive = true;
      if (iequals(option, "upgrade")) out.upgrade = true;
    }
  }
  return out;
}

}  // namespace sluice
