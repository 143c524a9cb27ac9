// UpstreamGroup: an upstream block, or the single address of a proxy_pass that names none. Built once, then immutable; what changes
// is in the peers' shared state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sluice/upstream/upstream.h>

#include "upstream/connection_pool.h"
#include "upstream/peer_states.h"

namespace sluice {

// The peers of the configuration: they never change while a generation lives.
class StaticPeers final : public PeerSource {
 public:
  std::vector<Peer> list;
  std::span<const Peer> peers() const override { return list; }
  uint64_t version() const override { return 1; }
};

class UpstreamGroup final : public Upstream {
 public:
  explicit UpstreamGroup(std::string name) : name_(std::move(name)) {}
  ~UpstreamGroup() override;

  const std::string& name() const override { return name_; }
  const PeerSource& source() const override { return peers_; }
  Balancer& balancer() const override { return *balancer_; }
  bool usable(const Peer& peer, const UpstreamRequest& request) const override;

  // pick asks the gates of the whole group, then the balancer.
  Result<void> pick(UpstreamRequest& request) const;
  // Told at the beginning and at the end of every attempt.
  void started(UpstreamRequest& request) const;
  void ended(UpstreamRequest& request, const AttemptResult& result) const;

  PeerPool* pool_of(const Peer& peer) const { return pools_[peer.index]; }
  // connect_pools finds the pools of all peers in this process.
  void connect_pools(ConnectionPools& pools);

 private:
  friend class UpstreamBuilder;

  std::string name_;
  StaticPeers peers_;
  std::unique_ptr<Balancer> balancer_;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::vector<std::unique_ptr<AttemptObserver>> observers_;
  std::vector<PeerPool*> pools_;
  const PeerStates* counts_in_ = nullptr;  // null when nobody reads what is in progress: neither a gate nor a balancer of choice

 public:
  KeepaliveLimits keepalive;
};

}  // namespace sluice
