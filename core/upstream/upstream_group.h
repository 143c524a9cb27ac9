// UpstreamGroup: an upstream block, or the address or name of a proxy_pass that names none. Built once; what changes is in its peers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sluice/net/resolver.h>
#include <sluice/upstream/upstream.h>

#include "upstream/connection_pool.h"
#include "upstream/live_peers.h"
#include "upstream/peer_states.h"

namespace sluice {

class UpstreamGroup final : public Upstream {
 public:
  explicit UpstreamGroup(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  const PeerSource& source() const override { return peers_; }
  Balancer& balancer() const override { return *balancer_; }
  bool usable(const Peer& peer, const UpstreamRequest& request) const override;

  // pick asks the gates of the whole group, then the balancer.
  Result<void> pick(UpstreamRequest& request) const;
  // Told at the beginning and at the end of every attempt.
  void started(UpstreamRequest& request) const;
  void ended(UpstreamRequest& request, const AttemptResult& result) const;

  // name_for gives the peer's name for as long as the exchange lives: a peer that can go takes its own with it.
  std::string_view name_for(Exchange& exchange, const Peer& peer) const {
    return peers_.change() ? exchange.arena().copy(peer.name) : std::string_view(peer.name);
  }

  const LivePeers& live_peers() const { return peers_; }
  LivePeers& live_peers() { return peers_; }
  // REQUIRES: the peer is of the current set.
  PeerPool* pool_of(const Peer& peer) const { return peers_.current().pools[peer.index]; }

 private:
  friend class UpstreamBuilder;

  std::string name_;
  LivePeers peers_;
  std::unique_ptr<Balancer> balancer_;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::vector<std::unique_ptr<AttemptObserver>> observers_;
  const PeerStates* counts_in_ = nullptr;  // null when nobody reads what is in progress: neither a gate nor a balancer of choice

 public:
  KeepaliveLimits keepalive;
  ResolverOptions resolver;   // who is asked for the names of its servers
};

}  // namespace sluice
