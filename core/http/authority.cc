#include "http/authority.h"

#include <sluice/base/strings.h>

namespace sluice {

namespace {

bool is_port(std::string_view text) {
  if (text.size() > 5) return false;
  unsigned port = 0;  // "host:" is valid, RFC 3986 section 3.2.3
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
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

// plain_host is the host of what nearly every client sends: lower-case letters, digits, '-' and single dots, then at most a
// port. Nothing: it needs a closer look.
std::optional<std::string_view> plain_host(const Window& block, std::string_view authority) {
  if (block.is_small()) return std::nullopt;
  const char* const end = authority.data() + authority.size();
  unsigned after_dot = 1;  // what comes first must not be a dot
  for (const char* p = authority.data();; p += 16) {
    unsigned other = block.bits(p, not_plain_host_bits);
    if (end - p < 16) other |= 1u << (end - p);
    const unsigned dots = block.bits(p, [](const char* at) { return equal_bits(at, '.'); });
    const unsigned bytes = other == 0 ? 16 : static_cast<unsigned>(__builtin_ctz(other));
    if ((dots & (dots << 1 | after_dot) & ((1u << bytes) - 1)) != 0) return std::nullopt;
    after_dot = (dots << 1 | after_dot) >> bytes & 1;
    if (other == 0) continue;
    const char* const stop = p + bytes;
    if (after_dot != 0) return std::nullopt;  // empty, or with a dot at its end
    if (stop != end && (*stop != ':' || !is_port({stop + 1, static_cast<size_t>(end - stop - 1)}))) return std::nullopt;
    return authority.substr(0, static_cast<size_t>(stop - authority.data()));
  }
}

}  // namespace

std::optional<std::string_view> host_of_authority(const Window& block, std::string_view authority, Arena& arena) {
  if (authority.empty()) return std::nullopt;
  if (const auto host = plain_host(block, authority)) return host;
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
