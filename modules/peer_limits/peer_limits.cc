// peer_limits: the max_fails, fail_timeout and max_conns parameters of a `server` line, with nginx's meaning, shared by all workers.
//
// A peer that failed max_fails times within fail_timeout is not used for fail_timeout; then one request tries it. The only peer of an
// upstream is never taken out. max_conns limits the requests in progress.

#include <sluice/sluice.h>

namespace {

using namespace sluice;

// Each process has its own cached clock: a mark of another one may lie ahead of ours.
bool passed(uint64_t now, uint64_t mark, Milliseconds time) { return now > mark && now - mark > static_cast<uint64_t>(time.count()); }

// Asked only of a peer that has failed: how many there are may change.
bool is_only_peer(const UpstreamRequest& request) { return request.upstream.peers().size() == 1; }

class FailGate final : public Gate {
 public:
  bool allows(const Peer& peer, const UpstreamRequest& request) const override {
    if (peer.max_fails == 0 || peer.state->fails.load(std::memory_order_relaxed) < peer.max_fails) return true;
    if (is_only_peer(request)) return true;
    return passed(Clock::of_thread().now(), peer.state->checked_ms.load(std::memory_order_relaxed), peer.fail_timeout);
  }
};

class ConnectionGate final : public Gate {
 public:
  bool allows(const Peer& peer, const UpstreamRequest&) const override {
    return peer.max_conns == 0 || peer.state->active.load(std::memory_order_relaxed) < peer.max_conns;
  }
};

class FailObserver final : public AttemptObserver {
 public:
  // The request that tries a peer after its time is over keeps the others away from it for another fail_timeout.
  void started(UpstreamRequest& request) override {
    const Peer* peer = request.target.peer;
    if (peer == nullptr || peer->max_fails == 0 || peer->state->fails.load(std::memory_order_relaxed) < peer->max_fails) return;
    peer->state->checked_ms.store(Clock::of_thread().now(), std::memory_order_relaxed);
  }

  void ended(UpstreamRequest& request, const AttemptResult& result) override {
    const Peer* peer = request.target.peer;
    if (peer == nullptr || peer->max_fails == 0) return;
    if (result.counts_as_failure) return is_only_peer(request) ? void() : failed(request, *peer);
    if (result.kind == AttemptResult::Kind::client_gone) return;
    if (peer->state->fails.load(std::memory_order_relaxed) != 0) peer->state->fails.store(0, std::memory_order_relaxed);
  }

 private:
  static void failed(UpstreamRequest& request, const Peer& peer) {
    PeerState& state = *peer.state;
    const uint64_t now = Clock::of_thread().now();
    // Failures further apart than fail_timeout do not add up.
    if (passed(now, state.failed_at_ms.exchange(now, std::memory_order_relaxed), peer.fail_timeout)) {
      state.fails.store(0, std::memory_order_relaxed);
    }
    state.checked_ms.store(now, std::memory_order_relaxed);
    if (state.fails.fetch_add(1, std::memory_order_relaxed) + 1 == peer.max_fails) {
      request.exchange.log_at(LogLevel::warn, "upstream server temporarily disabled");
    }
  }
};

constexpr UpstreamPolicyFactory kFactory = {[](UpstreamScope& scope, std::span<const Peer> peers) {
  bool counts_fails = false, limits_connections = false;
  for (const Peer& peer : peers) {
    counts_fails |= peer.max_fails > 0;
    limits_connections |= peer.max_conns > 0;
  }
  if (counts_fails && (peers.size() > 1 || scope.peers_change())) {
    scope.add_gate(std::make_unique<FailGate>());
    scope.add_observer(std::make_unique<FailObserver>());
  }
  if (limits_connections) scope.add_gate(std::make_unique<ConnectionGate>());
}};

class PeerLimitsModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.provide("upstream_policy", "peer_limits", &kFactory); }
};

}  // namespace

SLUICE_MODULE(PeerLimitsModule, "peer_limits", "max_fails, fail_timeout and max_conns of upstream servers.")
