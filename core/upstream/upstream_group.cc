#include "upstream/upstream_group.h"

namespace sluice {

UpstreamGroup::~UpstreamGroup() {
  for (PeerPool* pool : pools_) pool->end_use();
}

bool UpstreamGroup::usable(const Peer& peer, const UpstreamRequest& request) const {
  if (peer.down || request.tried(peer)) return false;
  for (const auto& gate : gates_) {
    if (!gate->allows(peer, request)) return false;
  }
  return true;
}

Result<void> UpstreamGroup::pick(UpstreamRequest& request) const {
  if (request.tries > 0) request.target = {};
  return balancer_->pick(request);
}

void UpstreamGroup::started(UpstreamRequest& request) const {
  if (const Peer* peer = request.target.peer; peer != nullptr && counts_in_ != nullptr) counts_in_->begin(*peer->state);
  for (const auto& observer : observers_) observer->started(request);
}

void UpstreamGroup::ended(UpstreamRequest& request, const AttemptResult& result) const {
  if (const Peer* peer = request.target.peer; peer != nullptr && counts_in_ != nullptr) counts_in_->end(*peer->state);
  for (const auto& observer : observers_) observer->ended(request, result);
}

void UpstreamGroup::connect_pools(ConnectionPools& pools) {
  for (const Peer& peer : peers_.list) {
    pools_.push_back(&pools.pool(peer.address));
    pools_.back()->begin_use();
  }
}

}  // namespace sluice
