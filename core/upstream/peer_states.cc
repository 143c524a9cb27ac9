#include "upstream/peer_states.h"

#include <sluice/base/hash.h>

namespace sluice {

namespace {

constexpr size_t kMinSlots = 256;

}  // namespace

Result<std::unique_ptr<PeerStates>> PeerStates::open(ConfigBuilder& builder, size_t peers) {
  size_t slots = kMinSlots;
  while (slots < peers * 2) slots *= 2;
  TRY_ASSIGN(auto zone, builder.zone(ConfigPlace{}, ZoneSpec{"upstream peers", "peers-2", slots * sizeof(PeerState)}));
  return std::unique_ptr<PeerStates>(new PeerStates(std::move(zone), slots));
}

PeerState& PeerStates::state(std::string_view upstream, std::string_view peer) {
  const uint64_t key = hash_bytes(concat(upstream, '\0', peer), process_seed()) | 1;  // 0 marks a free slot
  auto* table = reinterpret_cast<PeerState*>(zone_->data());
  for (size_t probe = 0; probe < slots_; ++probe) {
    PeerState& slot = table[(key + probe) & (slots_ - 1)];
    uint64_t holder = slot.key.load(std::memory_order_acquire);
    if (holder == 0 && slot.key.compare_exchange_strong(holder, key, std::memory_order_acq_rel)) return slot;
    if (holder == key) return slot;
  }
  private_.push_back(std::make_unique<PeerState>());
  return *private_.back();
}

}  // namespace sluice
