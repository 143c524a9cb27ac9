// least_conn: the peer with the fewest requests in progress in relation to its weight, counted over all workers.
//
// Among equals a rotating start gives turns. Backup peers are used when no primary one is usable.

#include <sluice/sluice.h>

namespace {

using namespace sluice;

class LeastConn final : public Balancer {
 public:
  explicit LeastConn(const Upstream& upstream) : upstream_(upstream) {}

  Result<void> pick(UpstreamRequest& request) override {
    const Peer* best = pick_from(request, false);
    if (best == nullptr) best = pick_from(request, true);
    if (best == nullptr) return Error(ErrorKind::unavailable, "no live upstreams", ErrorSource::upstream);
    request.target.peer = best;
    start_ = best->index + 1;
    return {};
  }
  std::string_view name() const override { return "least_conn"; }

 private:
  const Peer* pick_from(const UpstreamRequest& request, bool backup) const {
    auto peers = upstream_.peers();
    const Peer* best = nullptr;
    uint64_t best_active = 0;
    for (size_t i = 0; i < peers.size(); ++i) {
      const Peer& peer = peers[(start_ + i) % peers.size()];
      if (peer.backup != backup || !upstream_.usable(peer, request)) continue;
      const uint64_t active = peer.state->active.load(std::memory_order_relaxed);
      // active / weight, compared without dividing.
      if (best == nullptr || active * best->weight < best_active * peer.weight) {
        best = &peer;
        best_active = active;
      }
    }
    return best;
  }

  const Upstream& upstream_;
  size_t start_ = 0;
};

Result<void> use_least_conn(DirectiveUse& use) {
  return use.block.owner<UpstreamScope>().set_balancer(
      use, [](const Upstream& upstream, const void*) -> std::unique_ptr<Balancer> { return std::make_unique<LeastConn>(upstream); }, nullptr);
}

constexpr Directive kRows[] = {
    {"least_conn", kUpstream, 0, 0, BlockShape::none, Repeat::once, &use_least_conn, nullptr, "",
     "Picks the peer with the fewest requests in progress, in relation to its weight."},
};

class LeastConnModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.directives(kRows); }
};

}  // namespace

SLUICE_MODULE(LeastConnModule, "least_conn", "Balances by requests in progress.")
