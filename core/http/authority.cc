#include "http/authority.h"

#include <sluice/base/strings.h>

#include "http/byte_class.h"

namespace sluice {

namespace {

bool is_port(std::string_view text) {
  if (text.empty()) return true;  // "host:" is valid, RFC 3986 section 3.2.3
  const auto port = parse_uint(text);
  return port && *port <= 65535 && text.size() <= 5;
}

bool is_ip_literal(std::string_view text) {
  if (text.size() < 4 || text.back() != ']') return false;
  bool colon = false;
  for (char c : text.substr(1, text.size() - 2)) {
    if (c == ':') colon = true;
    else if (c != '.' && !byte_is(c, kHex)) return false;
  }
  return colon;
}

bool is_reg_name(std::string_view text) {
  return all_of_class(text, kHostName) && text.find("..") == std::string_view::npos;
}

std::string_view fold(std::string_view host, Arena& arena) {
  size_t at = 0;
  while (at < host.size() && to_lower(host[at]) == host[at]) ++at;
  if (at == host.size()) return host;
  char* out = arena.allocate_chars(host.size());
  for (size_t i = 0; i < host.size(); ++i) out[i] = to_lower(host[i]);
  return {out, host.size()};
}

}  // namespace

std::optional<std::string_view> host_of_authority(std::string_view authority, Arena& arena) {
  if (authority.empty()) return std::nullopt;
  const bool literal = authority.front() == '[';
  const size_t colon = literal ? authority.find(':', authority.find(']')) : authority.find(':');
  std::string_view host = authority.substr(0, colon);
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return std::nullopt;
  if (literal) {
    if (!is_ip_literal(host)) return std::nullopt;
    return fold(host, arena);
  }
  if (!is_reg_name(host)) return std::nullopt;
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (host.empty()) return std::nullopt;
  return fold(host, arena);
}

}  // namespace sluice
