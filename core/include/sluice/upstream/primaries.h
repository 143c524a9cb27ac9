// Primaries: the peers of an upstream that are no backups, by weight: what a balancer that knows no backups chooses among.
//
// UpstreamScope::refuse_backups speaks of the configuration only: SRV records of a lower priority are backups, whatever the balancer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sluice/upstream/upstream.h>

namespace sluice {

// Good as long as the span is.
class Primaries {
 public:
  explicit Primaries(std::span<const Peer> peers) : peers_(peers) {
    for (const Peer& peer : peers) {
      if (peer.backup) continue;
      ++count_;
      weight_ += peer.weight;
    }
  }

  // is_choice: there are two at least; anything else is for the balancer that is fallen back on, which knows backups.
  bool is_choice() const { return count_ > 1 && weight_ > 0; }
  // weight of all of them.
  uint64_t weight() const { return weight_; }
  // at gives the peer that has this place, when each takes as many places as its weight. REQUIRES: place < weight().
  const Peer& at(uint64_t place) const {
    size_t i = 0;
    for (; peers_[i].backup || place >= peers_[i].weight; ++i) {
      if (!peers_[i].backup) place -= peers_[i].weight;
    }
    return peers_[i];
  }

 private:
  std::span<const Peer> peers_;
  size_t count_ = 0;
  uint64_t weight_ = 0;
};

}  // namespace sluice
