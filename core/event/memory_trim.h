// MemoryTrim gives memory back to the system once a loop that was busy has become quiet: what a burst of connections needed would
// otherwise stay with malloc for good. Never while there is work, because walking a large heap takes milliseconds.
#pragma once

#include <sluice/event/event_loop.h>

namespace sluice {

class MemoryTrim final : private Timer {
 public:
  // So many turns in one period are work: far fewer than what begins the watch, so that a steady trickle is never trimmed.
  static constexpr uint64_t kBusyTurns = 16;

  // Watches the count of a loop's turns.
  MemoryTrim(const uint64_t& turns, Milliseconds period) : turns_(turns), period_(period) {}

  // busy begins to watch; harmless when it does already.
  void busy() {
    if (armed()) return;
    seen_ = turns_;
    arm_after(period_);
  }
  uint64_t count() const { return count_; }

 private:
  void on_timer() override;

  const uint64_t& turns_;
  Milliseconds period_;
  uint64_t seen_ = 0;
  uint64_t count_ = 0;
};

}  // namespace sluice
