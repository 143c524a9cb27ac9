#include "upstream/upstream_group.h"

namespace sluice {

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

}  // namespace sluice
