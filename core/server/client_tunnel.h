// ClientTunnel: what a client's connection has instead of a running exchange after a 101. There may be tens of thousands of them on
// which nothing happens for hours, so the exchange sleeps meanwhile (exchange_sleep.cc), unless a module keeps something in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <sluice/net/tunnel.h>
#include <sluice/server/tunnel_peer.h>

#include "server/exchange_runtime.h"

namespace sluice {

class ClientConnection;

class ClientTunnel final : private Tunnel::Owner {
 public:
  // REQUIRES: the client's 101 was sent.
  ClientTunnel(ClientConnection& connection, std::unique_ptr<TunnelPeer> peer, Milliseconds idle_timeout);

  // put_to_sleep keeps what the log phase needs of the exchange. False: the exchange itself must stay.
  bool put_to_sleep(ExchangeRuntime& exchange);
  // start relays; the connection is told the end. False: it has ended already.
  bool start() { return relay_.start(); }
  // generation_to_wake is what the exchange to wake is made with.
  const std::shared_ptr<const Generation>& generation_to_wake() const { return generation_; }
  // end tells the exchange, which must have been made anew if it slept, and the peer how the tunnel ended.
  void end(ExchangeRuntime& exchange);

 private:
  void tunnel_ended() override;

  ClientConnection& connection_;
  std::shared_ptr<const Generation> generation_;  // while the exchange sleeps; before peer_, which refers to what is in it
  std::unique_ptr<TunnelPeer> peer_;
  std::unique_ptr<char[]> sleeping_;
  size_t sleeping_bytes_ = 0;
  uint64_t written_before_;                       // to the client
  Tunnel relay_;                                  // last: it goes before the peer's stream
};

}  // namespace sluice
