// PeerStates: the shared state of all peers, in one zone, found by upstream and peer name. A peer keeps its state across reloads and
// worker deaths as long as the table's size stays.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <sluice/server/builder.h>
#include <sluice/upstream/upstream.h>

namespace sluice {

class PeerStates {
 public:
  // open asks for the zone, sized for `peers` peers.
  static Result<std::unique_ptr<PeerStates>> open(ConfigBuilder& builder, size_t peers);
  // state finds or claims the slot of a peer. When the table is full the peer gets a state of this process alone.
  PeerState& state(std::string_view upstream, std::string_view peer);

 private:
  PeerStates(std::shared_ptr<Zone> zone, size_t slots) : zone_(std::move(zone)), slots_(slots) {}
  std::shared_ptr<Zone> zone_;
  size_t slots_;
  std::vector<std::unique_ptr<PeerState>> private_;
};

}  // namespace sluice
