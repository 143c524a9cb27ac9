// round_robin: the balancer of an upstream that names no other: nginx's smooth weighted round robin.
//
// Every pick adds each usable peer's weight to its current weight, takes the largest, and subtracts the total from it; so peers take
// turns in proportion to their weights without bursts. Backup peers are used
// when no primary one is usable. State is the worker's own.

#include <algorithm>
#include <vector>

#include <sluice/sluice.h>

namespace {

using namespace sluice;

class RoundRobin final : public Balancer {
 public:
  explicit RoundRobin(const Upstream& upstream) : upstream_(upstream) {}

  Result<void> pick(UpstreamRequest& request) override {
    const auto peers = upstream_.peers();
    if (peers.size() == 1) return pick_only(peers[0], request);
    if (version_ != upstream_.source().version()) follow(peers);
    const Peer* best = pick_from(peers, request, Tier::primary);
    if (best == nullptr) best = pick_from(peers, request, Tier::backup);
    if (best == nullptr) return no_live();
    request.target.peer = best;
    return {};
  }
  std::string_view name() const override { return "round_robin"; }

 private:
  enum class Tier { primary, backup };
  struct Turn {
    const PeerState* state;
    int64_t weight;
  };

  static Error no_live() { return Error(ErrorKind::unavailable, "no live upstreams", ErrorSource::upstream); }

  Result<void> pick_only(const Peer& peer, UpstreamRequest& request) const {
    if (!upstream_.usable(peer, request)) return no_live();
    request.target.peer = &peer;
    return {};
  }

  // follow makes the weights those of other peers: whoever stays keeps his.
  void follow(std::span<const Peer> peers) {
    std::vector<Turn> turns;
    for (const Peer& peer : peers) {
      const auto known = std::find_if(turns_.begin(), turns_.end(), [&](const Turn& turn) { return turn.state == peer.state; });
      turns.push_back({peer.state, known == turns_.end() ? 0 : known->weight});
    }
    turns_ = std::move(turns);
    version_ = upstream_.source().version();
  }

  const Peer* pick_from(std::span<const Peer> peers, const UpstreamRequest& request, Tier tier) {
    const Peer* best = nullptr;
    int64_t total = 0;
    for (const Peer& peer : peers) {
      if (peer.backup != (tier == Tier::backup) || !upstream_.usable(peer, request)) continue;
      turns_[peer.index].weight += peer.weight;
      total += peer.weight;
      if (best == nullptr || turns_[peer.index].weight > turns_[best->index].weight) best = &peer;
    }
    if (best != nullptr) turns_[best->index].weight -= total;
    return best;
  }

  const Upstream& upstream_;
  std::vector<Turn> turns_;   // by Peer::index
  uint64_t version_ = 0;      // of the peers that they are of
};

constexpr BalancerFactory kFactory = {
    [](const Upstream& upstream, const void*) -> std::unique_ptr<Balancer> { return std::make_unique<RoundRobin>(upstream); }};

class RoundRobinModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.provide("balancer", "round_robin", &kFactory); }
};

}  // namespace

SLUICE_MODULE(RoundRobinModule, "round_robin", "Smooth weighted round robin, the default balancer.")
