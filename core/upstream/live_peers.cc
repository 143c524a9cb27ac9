#include "upstream/live_peers.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sluice {

namespace {

auto what_counts(const Peer& peer) { return std::tie(peer.name, peer.weight, peer.backup); }

bool same_peers(std::vector<Peer> a, std::vector<Peer> b) {
  const auto before = [](const Peer& x, const Peer& y) { return what_counts(x) < what_counts(y); };
  std::sort(a.begin(), a.end(), before);
  std::sort(b.begin(), b.end(), before);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Peer& x, const Peer& y) { return what_counts(x) == what_counts(y); });
}

}  // namespace

PeerSet::~PeerSet() {
  for (PeerPool* pool : pools) pool->end_use();
}

void LivePeers::join(const std::string& group, PeerStates& states, const OwnAddresses& own) {
  group_ = &group;
  states_ = &states;
  own_ = &own;
  change_ = std::any_of(lines_.begin(), lines_.end(), [](const ServerLine& line) { return line.follows_name(); });
  rebuild();
}

void LivePeers::connect(ConnectionPools& pools) {
  pools_ = &pools;
  for (const Peer& peer : current_->list) {
    current_->pools.push_back(&pools.pool(peer.address));
    current_->pools.back()->begin_use();
  }
}

bool LivePeers::replace(size_t line, std::vector<Peer> peers) {
  if (same_peers(lines_[line].peers, peers)) return false;
  lines_[line].peers = std::move(peers);
  rebuild();
  return true;
}

void LivePeers::rebuild() {
  auto next = std::make_unique<PeerSet>(current_->version + 1);
  for (const ServerLine& line : lines_) {
    for (const Peer& from : line.peers) {
      Peer& peer = next->list.emplace_back(from);
      peer.index = static_cast<uint32_t>(next->list.size() - 1);
      peer.state = &states_->state(*group_, peer.name);
      next->is_own |= own_->has(peer.address);
    }
  }
  retired_.push_back(std::exchange(current_, std::move(next)));
  std::erase_if(retired_, [](const auto& set) { return set->users == 0; });
  if (pools_ != nullptr) connect(*pools_);
}

void LivePeers::keep_states() const {
  for (const Peer& peer : current_->list) states_->keep(*peer.state);
  for (const auto& set : retired_) {
    for (const Peer& peer : set->list) states_->keep(*peer.state);
  }
}

}  // namespace sluice
