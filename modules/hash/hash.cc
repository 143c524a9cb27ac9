// hash: requests with the same key go to the same peer, as in nginx: the same key gives the same peer as there.
//
// Plain: the key's CRC chooses among the weights; a peer that cannot be used makes it be hashed again with a number before it, as
// Cache::Memcached does. Consistent: the key's place on a ring of points, and the next one when that peer cannot be used, so that a
// server more or less moves few keys. After twenty tries, and without a key, turns are taken.

#include <sluice/sluice.h>

#include "continuum.h"
#include "crc32.h"

namespace {

using namespace sluice;

struct Settings {
  const BalancerFactory* fallback = nullptr;
  ComplexValue key;
};

constexpr uint32_t kMostTries = 20;

// How far one request has come.
struct Progress {
  std::string_view key;
  uint64_t hash = 0;
  uint32_t tries = 0;
  uint32_t rehash = 0;
};

class Hash : public Balancer {
 public:
  Hash(const Upstream& upstream, const Settings& settings)
      : upstream_(upstream), settings_(settings), turns_(settings.fallback->create(upstream, nullptr)) {}

  Result<void> pick(UpstreamRequest& request) final {
    auto* progress = static_cast<Progress*>(request.balancer_data);
    if (progress == nullptr) {
      request.balancer_data = progress = request.exchange.arena().make<Progress>();
      progress->key = settings_.key.eval(request.exchange);
      begin(*progress);
    }
    const Peer* found = nullptr;
    if (upstream_.peers().size() > 1 && !progress->key.empty()) found = find(*progress, request);
    if (found == nullptr) return turns_->pick(request);
    request.target.peer = found;
    return {};
  }

 protected:
  virtual void begin(Progress& progress) { (void)progress; }
  // find gives null when so many tries were in vain that turns are to be taken.
  virtual const Peer* find(Progress& progress, const UpstreamRequest& request) = 0;

  const Upstream& upstream_;

 private:
  const Settings& settings_;
  std::unique_ptr<Balancer> turns_;
};

class PlainHash final : public Hash {
 public:
  using Hash::Hash;
  std::string_view name() const override { return "hash"; }

 private:
  const Peer* find(Progress& progress, const UpstreamRequest& request) override {
    const Primaries primaries(upstream_.peers());
    while (primaries.is_choice() && progress.tries <= kMostTries) {
      progress.hash += hash_of(progress);
      const Peer& peer = primaries.at(progress.hash % primaries.weight());
      if (upstream_.usable(peer, request)) return &peer;
      ++progress.tries;
    }
    return nullptr;
  }

  static uint32_t hash_of(Progress& progress) {
    Crc32 crc;
    if (progress.rehash > 0) crc.add(concat(progress.rehash));
    ++progress.rehash;
    crc.add(progress.key);
    return (crc.value() >> 16) & 0x7fff;
  }
};

class ConsistentHash final : public Hash {
 public:
  ConsistentHash(const Upstream& upstream, const Settings& settings) : Hash(upstream, settings), continuum_(upstream.peers()) {}
  std::string_view name() const override { return "hash consistent"; }

 private:
  // The peers may have changed since the points were made.
  const Continuum& continuum() {
    if (const uint64_t version = upstream_.source().version(); version != version_) {
      continuum_ = Continuum(upstream_.peers());
      version_ = version;
    }
    return continuum_;
  }

  void begin(Progress& progress) override {
    Crc32 crc;
    crc.add(progress.key);
    progress.hash = continuum().find(crc.value());
  }

  const Peer* find(Progress& progress, const UpstreamRequest& request) override {
    const Continuum& points = continuum();
    for (; points.size() > 0 && progress.tries <= kMostTries; ++progress.hash, ++progress.tries) {
      if (const Peer* peer = peer_of(points.server(progress.hash), request)) return peer;
    }
    return nullptr;
  }

  // A name that has several addresses is one server: its peers take turns.
  const Peer* peer_of(const std::string& server, const UpstreamRequest& request) {
    const auto peers = upstream_.peers();
    if (current_.size() != peers.size()) current_.assign(peers.size(), 0);
    const Peer* best = nullptr;
    int64_t total = 0;
    for (size_t i = 0; i < peers.size(); ++i) {
      const Peer& peer = peers[i];
      if (peer.backup || peer.server != server || !upstream_.usable(peer, request)) continue;
      current_[i] += peer.weight;
      total += peer.weight;
      if (best == nullptr || current_[i] > current_[static_cast<size_t>(best - peers.data())]) best = &peer;
    }
    if (best != nullptr) current_[static_cast<size_t>(best - peers.data())] -= total;
    return best;
  }

  Continuum continuum_;
  uint64_t version_ = upstream_.source().version();
  std::vector<int64_t> current_;
};

template <class T>
std::unique_ptr<Balancer> create(const Upstream& upstream, const void* settings) {
  return std::make_unique<T>(upstream, *static_cast<const Settings*>(settings));
}

class HashModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.directives(kRows); }

 private:
  static Result<void> use_hash(DirectiveUse& use) {
    auto& settings = *use.module_as<HashModule>().settings_.emplace_back(std::make_unique<Settings>());
    TRY_ASSIGN(settings.key, use.block.builder().compile(use.node.place, use.arg(0)));
    const bool consistent = use.count() == 2;
    if (consistent && use.arg(1) != "consistent") return use.error(concat("invalid parameter \"", use.arg(1), '"'));
    settings.fallback = static_cast<const BalancerFactory*>(use.block.builder().provider("balancer", "round_robin"));
    if (settings.fallback == nullptr) return use.error("the module round_robin, which hash falls back on, is not there");
    auto& upstream = use.block.owner<UpstreamScope>();
    upstream.refuse_backups();
    return upstream.set_balancer(use, consistent ? &create<ConsistentHash> : &create<PlainHash>, &settings);
  }

  static constexpr Directive kRows[] = {
      {"hash", kUpstream, 1, 2, BlockShape::none, Repeat::once, &use_hash, nullptr, "",
       "Picks the peer by a key, as nginx would: `hash KEY [consistent]`. With `consistent` (ketama) a server more or less moves few keys. "
       "`backup` servers cannot be used with it."},
  };
  std::vector<std::unique_ptr<Settings>> settings_;
};

}  // namespace

SLUICE_MODULE(HashModule, "hash", "Balances by a key.")
