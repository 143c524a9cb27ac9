// OwnAddresses: where a configuration itself listens. A peer at such an address is sluice again, so requests may go in circles.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <sluice/os/address.h>

#include "server/listen_table.h"

namespace sluice {

class OwnAddresses {
 public:
  OwnAddresses() = default;
  explicit OwnAddresses(std::span<const ListenTable::Listener> listeners);

  // has tells whether a connection to `peer` would arrive at one of the listeners: at its very address, or at one of a listener for all
  // addresses of this machine, as they were when the configuration was built.
  bool has(const Address& peer) const;

 private:
  bool arrives(const Address& peer, const Address& listener) const;
  bool is_of_this_machine(const Address& peer) const;

  std::vector<Address> listeners_;      // by port; those of all IPv6 addresses that take IPv4, too, stand there twice
  std::vector<std::string> interfaces_; // bytes of their addresses
};

}  // namespace sluice
