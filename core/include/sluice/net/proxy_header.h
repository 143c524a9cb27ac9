// ProxyHeader: what a balancer in front of us says about the client's connection before its first byte: the PROXY protocol, versions 1
// (a line of text) and 2 (binary), as https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt describes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/os/address.h>

namespace sluice {

struct ProxyHeader {
  Address source;       // of family AF_UNSPEC: the header names none (UNKNOWN, LOCAL, a Unix socket)
  Address destination;
  std::string tlvs;     // of version 2, checked: each lies inside

  bool has_addresses() const { return source.family() != AF_UNSPEC; }
  // tlv finds the first extension of that type; ssl_tlv one inside of the extension about TLS (PP2_TYPE_SSL).
  SLUICE_API std::optional<std::string_view> tlv(uint8_t type) const;
  SLUICE_API std::optional<std::string_view> ssl_tlv(uint8_t type) const;
  // ssl_verify is the verdict on the client's certificate; nothing without such an extension.
  SLUICE_API std::optional<uint32_t> ssl_verify() const;
};

struct ProxyHeaderScan {
  enum class State : uint8_t { need_more, found, refused };
  State state = State::need_more;
  size_t size = 0;          // found: so many bytes belong to it
  ProxyHeader header;       // found
  const char* reason = "";  // refused
};

// The longest header of version 2; one of version 1 has at most 107 bytes.
inline constexpr size_t kLongestProxyHeader = 4096;

// scan_proxy_header looks at the first bytes of a connection. Strict: what the specification does not allow is refused, as early as the
// bytes show it.
SLUICE_API ProxyHeaderScan scan_proxy_header(std::string_view bytes);

}  // namespace sluice
