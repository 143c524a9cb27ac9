#include "upstream/peer_states.h"

#include <unistd.h>

#include <sluice/base/hash.h>

namespace sluice {

namespace {

constexpr size_t kMinSlots = 256;
constexpr std::string_view kLayout = "peers-3";

}  // namespace

Result<std::unique_ptr<PeerStates>> PeerStates::open(ConfigBuilder& builder, size_t peers) {
  size_t slots = kMinSlots;
  while (slots < peers * 2) slots *= 2;
  TRY_ASSIGN(auto zone, builder.zone(ConfigPlace{}, ZoneSpec{"upstream peers", std::string(kLayout), bytes_for(slots)}));
  return std::unique_ptr<PeerStates>(new PeerStates(std::move(zone), slots));
}

Result<void> PeerStates::forget_process(const ZoneSpec& spec, int zone_fd, pid_t process) {
  if (spec.layout != kLayout) return {};
  TRY_ASSIGN(auto zone, Zone::map(spec, zone_fd));
  const PeerStates states(std::move(zone), (spec.bytes - bytes_for(0)) / (bytes_for(1) - bytes_for(0)));
  for (size_t number = 0; number < kLedgers; ++number) {
    if (states.owners()[number] == process) states.clear(number);
  }
  return {};
}

void PeerStates::clear(size_t number) const {
  Part* parts = ledger(number);
  for (size_t i = 0; i < slots_; ++i) {
    if (const uint32_t left = parts[i]; left != 0) {
      parts[i] = 0;
      table()[i].active -= left;
    }
  }
  owners()[number] = 0;
}

void PeerStates::join() {
  const pid_t process = getpid();
  for (size_t number = 0; number < kLedgers; ++number) {
    if (owners()[number] == process) own_ = ledger(number);
  }
  for (size_t number = 0; own_ == nullptr && number < kLedgers; ++number) {
    pid_t nobody = 0;
    if (owners()[number].compare_exchange_strong(nobody, process)) own_ = ledger(number);
  }
}

PeerState& PeerStates::state(std::string_view upstream, std::string_view peer) {
  const uint64_t key = hash_bytes(concat(upstream, '\0', peer), process_seed()) | 1;  // 0 marks a free slot
  PeerState* found = shared_state(key);
  if (found == nullptr) found = &private_[key];
  keep(*found);
  return *found;
}

void PeerStates::keep(PeerState& state) const { state.kept_ms.store(Clock::of_thread().now(), std::memory_order_relaxed); }

PeerState* PeerStates::shared_state(uint64_t key) {
  const uint64_t now = Clock::of_thread().now();
  PeerState* abandoned = nullptr;
  for (size_t probe = 0; probe < slots_; ++probe) {
    PeerState& slot = table()[(key + probe) & (slots_ - 1)];
    uint64_t holder = slot.key.load(std::memory_order_acquire);
    if (holder == 0 && slot.key.compare_exchange_strong(holder, key, std::memory_order_acq_rel)) return &slot;
    if (holder == key) return &slot;
    const bool is_abandoned = slot.active.load(std::memory_order_relaxed) == 0 && slot.kept_ms.load(std::memory_order_relaxed) + kLease.count() < now;
    if (is_abandoned && abandoned == nullptr) abandoned = &slot;
  }
  if (abandoned == nullptr) return nullptr;
  uint64_t former = abandoned->key.load(std::memory_order_relaxed);
  if (!abandoned->key.compare_exchange_strong(former, key, std::memory_order_acq_rel)) return shared_state(key);
  abandoned->fails.store(0, std::memory_order_relaxed);
  abandoned->failed_at_ms.store(0, std::memory_order_relaxed);
  abandoned->checked_ms.store(0, std::memory_order_relaxed);
  return abandoned;
}

}  // namespace sluice
