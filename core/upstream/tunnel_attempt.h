// TunnelAttempt: what is left of an Attempt whose peer answered with 101: its connection, and what is needed to say once, when the
// tunnel ends, how the attempt ended.
#pragma once

#include <memory>

#include <sluice/net/stream.h>
#include <sluice/server/tunnel_peer.h>
#include <sluice/upstream/upstream.h>

#include "upstream/live_peers.h"
#include "upstream/upstream_group.h"

namespace sluice {

class TunnelAttempt final : public TunnelPeer {
 public:
  // `group` lives as long as the exchange's generation; the pool is in use meanwhile, and so are the peers, which the handler kept until
  // now. `record` is the exchange's last.
  TunnelAttempt(const UpstreamRequest& request, const UpstreamGroup& group, const PeersInUse& peers, PeerPool& pool,
                std::unique_ptr<Stream> stream, const UpstreamAttemptRecord& record, uint64_t started_us);
  ~TunnelAttempt() override { pool_.end_use(); }

  Stream& stream() override { return *stream_; }
  // The observers get a new UpstreamRequest, with the target and the tries of the old one.
  void ended(Exchange& exchange) override;

 private:
  const UpstreamGroup& group_;
  PeersInUse peers_;         // peer_ is one of them, though DNS may have replaced them
  PeerPool& pool_;
  std::unique_ptr<Stream> stream_;
  const Peer* peer_;
  uint64_t started_us_;
  uint64_t read_before_;     // of the stream's bytes: counted in the record
  uint64_t written_before_;
  uint32_t tries_;
  Method method_;
};

}  // namespace sluice
