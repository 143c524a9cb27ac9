// random: a peer by lot, in proportion to the weights. With `two` the better one of two drawn peers: the one with fewer requests in
// progress in relation to its weight, counted over all workers.

#include <sluice/base/hash.h>
#include <sluice/sluice.h>

namespace {

using namespace sluice;

struct Settings {
  const BalancerFactory* fallback = nullptr;
  bool two = false;
};

// xorshift64*: lots need be neither secret nor perfect, only cheap and different in each worker.
class Lots {
 public:
  Lots() { random_bytes(&state_, sizeof state_), state_ |= 1; }
  uint64_t below(uint64_t limit) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return ((state_ * 0x2545f4914f6cdd1dULL) >> 32) % limit;
  }

 private:
  uint64_t state_;
};

class Random final : public Balancer {
 public:
  Random(const Upstream& upstream, const Settings& settings)
      : upstream_(upstream), turns_(settings.fallback->create(upstream, nullptr)), two_(settings.two) {}

  Result<void> pick(UpstreamRequest& request) override {
    const Primaries primaries(upstream_.peers());
    if (!primaries.is_choice()) return turns_->pick(request);
    const Peer* first = nullptr;
    for (uint32_t tries = 0; tries < kMostTries; ++tries) {
      const Peer& drawn = primaries.at(lots_.below(primaries.weight()));
      if (&drawn == first || !upstream_.usable(drawn, request)) continue;
      if (two_ && first == nullptr) {
        first = &drawn;
        continue;
      }
      request.target.peer = first != nullptr && less_busy(*first, drawn) ? first : &drawn;
      return {};
    }
    // Hardly any peer can be used: whoever has the next turn.
    return turns_->pick(request);
  }
  std::string_view name() const override { return "random"; }

 private:
  static constexpr uint32_t kMostTries = 20;

  // active / weight, compared without dividing.
  static bool less_busy(const Peer& a, const Peer& b) {
    const auto active = [](const Peer& peer) { return uint64_t{peer.state->active.load(std::memory_order_relaxed)}; };
    return active(a) * b.weight < active(b) * a.weight;
  }

  const Upstream& upstream_;
  std::unique_ptr<Balancer> turns_;
  Lots lots_;
  bool two_;
};

class RandomModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.directives(kRows); }

 private:
  static Result<void> use_random(DirectiveUse& use) {
    auto& settings = *use.module_as<RandomModule>().settings_.emplace_back(std::make_unique<Settings>());
    if (use.count() > 0 && use.arg(0) != "two") return use.error(concat("invalid parameter \"", use.arg(0), '"'));
    settings.two = use.count() > 0;
    if (use.count() > 1 && use.arg(1).starts_with("least_time")) return use.error(concat("the parameter \"", use.arg(1), "\" of \"random\" is not supported"));
    if (use.count() > 1 && use.arg(1) != "least_conn") return use.error(concat("invalid parameter \"", use.arg(1), '"'));
    settings.fallback = static_cast<const BalancerFactory*>(use.block.builder().provider("balancer", "round_robin"));
    if (settings.fallback == nullptr) return use.error("the module round_robin, which random falls back on, is not there");
    auto& upstream = use.block.owner<UpstreamScope>();
    upstream.refuse_backups();
    return upstream.set_balancer(
        use,
        [](const Upstream& of, const void* data) -> std::unique_ptr<Balancer> {
          return std::make_unique<Random>(of, *static_cast<const Settings*>(data));
        },
        &settings);
  }

  static constexpr Directive kRows[] = {
      {"random", kUpstream, 0, 2, BlockShape::none, Repeat::once, &use_random, nullptr, "",
       "Picks a peer by lot, in proportion to the weights; `two [least_conn]`: the one with fewer requests in progress of two drawn peers. "
       "`backup` servers cannot be used with it."},
  };
  std::vector<std::unique_ptr<Settings>> settings_;
};

}  // namespace

SLUICE_MODULE(RandomModule, "random", "Balances by lot.")
