// TunnelPeer: the upstream's side of a tunnel. The client's connection owns it from Exchange::keep_tunnel on, while the exchange sleeps
// and the content handler is gone.
#pragma once

#include <sluice/server/exchange.h>

namespace sluice {

class Stream;

class TunnelPeer {
 public:
  virtual ~TunnelPeer() = default;
  virtual Stream& stream() = 0;
  // ended is called once, just before the log phase: `exchange` is the one that opened the tunnel, though perhaps another object.
  virtual void ended(Exchange& exchange) = 0;
};

}  // namespace sluice
