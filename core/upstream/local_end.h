// The value of proxy_bind: an own address of connections to peers.
#pragma once

#include <optional>
#include <string_view>

#include <sluice/os/address.h>

namespace sluice {

// parse_local_address reads an address with or without a port ("10.0.0.1", "[::1]", "10.0.0.1:4000"); no port is port 0. Nothing when
// it is none: no names.
std::optional<Address> parse_local_address(std::string_view text);

}  // namespace sluice
