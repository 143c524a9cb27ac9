// ip_hash: requests of one client go to one peer, as in nginx: the same address gives the same peer as there.
//
// An IPv4 address counts with its first three bytes, an IPv6 address as a whole. A peer that cannot be used makes the address be hashed
// on, twenty times at most; then turns are taken.

#include <netinet/in.h>

#include <sluice/sluice.h>

namespace {

using namespace sluice;

struct Settings {
  const BalancerFactory* fallback = nullptr;
};

class IpHash final : public Balancer {
 public:
  IpHash(const Upstream& upstream, const Settings& settings) : upstream_(upstream), turns_(settings.fallback->create(upstream, nullptr)) {}

  Result<void> pick(UpstreamRequest& request) override {
    const Primaries primaries(upstream_.peers());
    if (!primaries.is_choice()) return turns_->pick(request);
    Progress& progress = progress_of(request);
    while (progress.tries <= kMostTries) {
      progress.hash = hash_on(progress.hash, request.exchange.client_address());
      const Peer& peer = primaries.at(progress.hash % primaries.weight());
      if (upstream_.usable(peer, request)) {
        request.target.peer = &peer;
        return {};
      }
      ++progress.tries;
    }
    return turns_->pick(request);
  }
  std::string_view name() const override { return "ip_hash"; }

 private:
  static constexpr uint32_t kFirstHash = 89;
  static constexpr uint32_t kMostTries = 20;
  // How far this request has come.
  struct Progress {
    uint32_t hash = kFirstHash;
    uint32_t tries = 0;
  };

  static Progress& progress_of(UpstreamRequest& request) {
    if (request.balancer_data == nullptr) request.balancer_data = request.exchange.arena().make<Progress>();
    return *static_cast<Progress*>(request.balancer_data);
  }

  static uint32_t hash_on(uint32_t hash, const Address& client) {
    static constexpr unsigned char kNoAddress[3] = {};
    const unsigned char* bytes = kNoAddress;
    size_t count = 3;
    if (client.family() == AF_INET) {
      bytes = reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in*>(client.data())->sin_addr);
    } else if (client.family() == AF_INET6) {
      bytes = reinterpret_cast<const sockaddr_in6*>(client.data())->sin6_addr.s6_addr;
      count = 16;
    }
    for (size_t i = 0; i < count; ++i) hash = (hash * 113 + bytes[i]) % 6271;
    return hash;
  }

  const Upstream& upstream_;
  std::unique_ptr<Balancer> turns_;
};

class IpHashModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.directives(kRows); }

 private:
  static Result<void> use_ip_hash(DirectiveUse& use) {
    auto& settings = use.module_as<IpHashModule>().settings_;
    settings.fallback = static_cast<const BalancerFactory*>(use.block.builder().provider("balancer", "round_robin"));
    if (settings.fallback == nullptr) return use.error("the module round_robin, which ip_hash falls back on, is not there");
    auto& upstream = use.block.owner<UpstreamScope>();
    upstream.refuse_backups();
    return upstream.set_balancer(
        use,
        [](const Upstream& of, const void* data) -> std::unique_ptr<Balancer> {
          return std::make_unique<IpHash>(of, *static_cast<const Settings*>(data));
        },
        &settings);
  }

  static constexpr Directive kRows[] = {
      {"ip_hash", kUpstream, 0, 0, BlockShape::none, Repeat::once, &use_ip_hash, nullptr, "",
       "Picks the peer by the client's address: the first three bytes of IPv4, all of IPv6. `backup` servers cannot be used with it."},
  };
  Settings settings_;
};

}  // namespace

SLUICE_MODULE(IpHashModule, "ip_hash", "Balances by the client's address.")
