// Who is behind the proxies in front of us: reading X-Forwarded-For and its like, which only proxies that we trust may have written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/http/headers.h>
#include <sluice/os/address.h>
#include <sluice/os/address_map.h>

namespace sluice {

// TrustedProxies: whose word is taken for an address.
struct TrustedProxies {
  AddressMap addresses;
  bool unix_sockets = false;

  bool contains(const Address& address) const { return address.is_unix() ? unix_sockets : addresses.contains(address); }
};

enum class Recursion : uint8_t { off, on };

// forwarded_address follows the fields of that name (in any case) backwards, the last field first, from `from`, the other end of the
// connection: off takes one step; on goes on while who is found is a trusted proxy itself. Nothing when `from` is not trusted or names
// nobody; what is no address ends the way. An address may have a port ("1.2.3.4:80", "[::1]:80"); else it is 0.
SLUICE_API std::optional<Address> forwarded_address(const Address& from, const Headers& headers, std::string_view name,
                                                    const TrustedProxies& trusted, Recursion recursion);

}  // namespace sluice
