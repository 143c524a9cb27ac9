// The addresses of this machine's network interfaces.
#pragma once

#include <vector>

#include <sluice/os/address.h>

namespace sluice {

// interface_addresses gives every IPv4 and IPv6 address, without a port; none when the system does not tell.
std::vector<Address> interface_addresses();

}  // namespace sluice
