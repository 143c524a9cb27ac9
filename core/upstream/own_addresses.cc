#include "upstream/own_addresses.h"

#include <algorithm>

#include "os/interfaces.h"

namespace sluice {

namespace {

struct ByPort {
  bool operator()(const Address& a, const Address& b) const { return a.port() < b.port(); }
  bool operator()(const Address& a, uint16_t port) const { return a.port() < port; }
  bool operator()(uint16_t port, const Address& a) const { return port < a.port(); }
};

// host_bytes is the address without its port, as it stands on the wire; empty for Unix sockets.
std::string_view host_bytes(const Address& address) {
  if (address.family() == AF_INET) {
    return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr), sizeof(in_addr)};
  }
  if (address.family() == AF_INET6) {
    return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr), sizeof(in6_addr)};
  }
  return {};
}

bool is_wildcard(const Address& address) {
  const std::string_view host = host_bytes(address);
  return !host.empty() && host.find_first_not_of('\0') == std::string_view::npos;
}

bool is_loopback(const Address& address) {
  const std::string_view host = host_bytes(address);
  if (host.size() == sizeof(in_addr)) return host.front() == 127;
  return !host.empty() && host.back() == 1 && host.find_first_not_of('\0') == host.size() - 1;
}

Address all_of_ipv4(uint16_t port) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  return Address::from(reinterpret_cast<const sockaddr*>(&any), sizeof any);
}

}  // namespace

OwnAddresses::OwnAddresses(std::span<const ListenTable::Listener> listeners) {
  for (const ListenTable::Listener& listener : listeners) {
    const Address& address = listener.listen.address;
    listeners_.push_back(address);
    if (address.family() == AF_INET6 && !listener.listen.ipv6only && is_wildcard(address)) listeners_.push_back(all_of_ipv4(address.port()));
  }
  std::stable_sort(listeners_.begin(), listeners_.end(), ByPort());
  if (std::none_of(listeners_.begin(), listeners_.end(), is_wildcard)) return;
  for (const Address& address : interface_addresses()) interfaces_.emplace_back(host_bytes(address));
}

bool OwnAddresses::has(const Address& peer) const {
  const auto [first, last] = std::equal_range(listeners_.begin(), listeners_.end(), peer.port(), ByPort());
  return std::any_of(first, last, [&](const Address& listener) { return arrives(peer, listener); });
}

bool OwnAddresses::arrives(const Address& peer, const Address& listener) const {
  if (peer == listener) return true;
  if (peer.is_unix() || peer.family() != listener.family()) return false;
  if (is_wildcard(listener)) return is_of_this_machine(peer);
  return is_wildcard(peer) && is_loopback(listener);  // a connection to no address in particular goes to the loopback
}

bool OwnAddresses::is_of_this_machine(const Address& peer) const {
  return is_loopback(peer) || is_wildcard(peer) || std::find(interfaces_.begin(), interfaces_.end(), host_bytes(peer)) != interfaces_.end();
}

}  // namespace sluice
