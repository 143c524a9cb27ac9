#include "server/client_tunnel.h"

#include "server/client_connection.h"

namespace sluice {

ClientTunnel::ClientTunnel(ClientConnection& connection, std::unique_ptr<TunnelPeer> peer, Milliseconds idle_timeout)
    : connection_(connection),
      peer_(std::move(peer)),
      written_before_(connection.stream().bytes_written()),
      relay_(*this, connection.stream(), peer_->stream(), idle_timeout) {}

bool ClientTunnel::put_to_sleep(ExchangeRuntime& exchange) {
  if (!exchange.can_sleep()) return false;
  generation_ = exchange.generation().shared_from_this();
  sleeping_bytes_ = exchange.pack(sleeping_);
  return true;
}

void ClientTunnel::end(ExchangeRuntime& exchange) {
  if (sleeping_ != nullptr) exchange.unpack({sleeping_.get(), sleeping_bytes_});
  exchange.end_tunnel(relay_.error(), connection_.stream().bytes_written() - written_before_);
  peer_->ended(exchange);
}

void ClientTunnel::tunnel_ended() { connection_.tunnel_ended(); }

}  // namespace sluice
