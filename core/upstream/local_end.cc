#include "upstream/local_end.h"

#include <sluice/base/strings.h>

namespace sluice {

namespace {

Address without_port(const Address& address) {
  if (address.family() == AF_INET) {
    sockaddr_in v4 = *reinterpret_cast<const sockaddr_in*>(address.data());
    v4.sin_port = 0;
    return Address::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6 = *reinterpret_cast<const sockaddr_in6*>(address.data());
  v6.sin6_port = 0;
  return Address::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

}  // namespace

std::optional<Address> parse_local_address(std::string_view text) {
  auto with_port = Address::parse(text);
  if (with_port) return *with_port;
  // $remote_addr has no brackets around an IPv6 address.
  const bool bare_v6 = text.find(':') != text.rfind(':') && !text.starts_with('[');
  constexpr uint16_t kAnyPort = 1;
  auto without = Address::parse(bare_v6 ? concat('[', text, ']') : std::string(text), kAnyPort);
  if (!without || without->is_unix()) return std::nullopt;
  return without_port(*without);
}

}  // namespace sluice
