// PeerStates: the shared state of all peers, in one zone, found by upstream and peer name. A peer keeps its state across reloads and
// worker deaths as long as the table's size stays.
//
//   | PeerState of every peer | pid of each ledger's process | ledger 0: what is in progress at each peer | ledger 1 | ...
//
// PeerState::active is the sum of what the processes have in progress; each notes its own part besides, so that the part of one that was
// killed can be taken away.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include <sluice/server/builder.h>
#include <sluice/upstream/upstream.h>

namespace sluice {

class PeerStates {
 public:
  // How long a peer that no process speaks of (keep) has its slot for certain.
  static constexpr Milliseconds kLease{300'000};

  // open asks for the zone, sized for `peers` peers.
  static Result<std::unique_ptr<PeerStates>> open(ConfigBuilder& builder, size_t peers);
  // forget_process takes away what a process that has ended left in progress, if the zone is the peers'.
  static Result<void> forget_process(const ZoneSpec& spec, int zone_fd, pid_t process);

  // state finds or claims the slot of a peer. When the table is full, the slot of one whose lease has ended and that has no requests
  // is taken; when there is none, the peer gets a state of this process alone.
  PeerState& state(std::string_view upstream, std::string_view peer);
  // keep renews the lease.
  void keep(PeerState& state) const;

  // join finds or claims the ledger of this process. REQUIRED before begin.
  void join();
  // begin and end count a request in progress. Whenever the process may be killed, its own part is not larger than what it has added:
  // at worst one request remains counted, but never is one taken away twice.
  void begin(PeerState& state) const {
    state.active.fetch_add(1, std::memory_order_release);
    note(state, 1);
  }
  void end(PeerState& state) const {
    note(state, uint32_t(-1));
    state.active.fetch_sub(1, std::memory_order_release);
  }

 private:
  using Part = std::atomic<uint32_t>;
  using Owner = std::atomic<pid_t>;  // 0: free
  static constexpr size_t kLedgers = 256;  // as many processes as the master starts
  static size_t bytes_for(size_t slots) { return slots * sizeof(PeerState) + kLedgers * (sizeof(Owner) + slots * sizeof(Part)); }

  PeerStates(std::shared_ptr<Zone> zone, size_t slots) : zone_(std::move(zone)), slots_(slots) {}
  PeerState* shared_state(uint64_t key);
  PeerState* table() const { return reinterpret_cast<PeerState*>(zone_->data()); }
  std::span<Owner, kLedgers> owners() const { return std::span<Owner, kLedgers>(reinterpret_cast<Owner*>(table() + slots_), kLedgers); }
  Part* ledger(size_t number) const { return reinterpret_cast<Part*>(owners().data() + kLedgers) + number * slots_; }
  void clear(size_t number) const;
  void note(PeerState& state, uint32_t change) const {
    const size_t index = (reinterpret_cast<uintptr_t>(&state) - reinterpret_cast<uintptr_t>(table())) / sizeof(PeerState);
    if (index < slots_ && own_ != nullptr) own_[index].store(own_[index].load(std::memory_order_relaxed) + change, std::memory_order_release);
  }

  std::shared_ptr<Zone> zone_;
  size_t slots_;
  Part* own_ = nullptr;
  std::map<uint64_t, PeerState> private_;
};

}  // namespace sluice
