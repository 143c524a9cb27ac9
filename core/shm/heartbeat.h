// Process slots: one per child of the master, in a small zone: is it alive, what does it run, and, when it crashed, its last words.
//
// The child writes, the master's watchdog reads; no locks. A crash handler writes the obituary with stores alone, so that it works
// whatever the child was doing.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/base/clock.h>
#include <sluice/base/error.h>
#include <sluice/shm/zone.h>

namespace sluice {

// In `starting` and `building` a child may be busy for long without being hung; the watchdog has other limits for them.
enum class ProcessState : uint32_t { free, starting, running, building, draining };

struct alignas(64) ProcessSlot {
  static constexpr size_t kObituaryBytes = 512;

  std::atomic<int32_t> pid;
  std::atomic<ProcessState> state;
  std::atomic<uint64_t> heartbeat_ms;  // monotonic, of the last turn of its event loop
  std::atomic<uint64_t> generation;    // the configuration that it serves
  std::atomic<uint32_t> obituary_claimed;
  std::atomic<uint32_t> obituary_bytes;  // 0 until the text is complete
  char obituary[kObituaryBytes];
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// begin_slot makes the slot that of a new process: starting, a fresh heartbeat, no obituary. Called by the master around fork.
void begin_slot(ProcessSlot& slot, pid_t pid, Tick now);
// end_slot makes the slot free.
void end_slot(ProcessSlot& slot);

inline void beat(ProcessSlot& slot, Tick now) {
  slot.heartbeat_ms.store(now, std::memory_order_relaxed);
}
// silent_for is how long ago the last heartbeat was, in milliseconds; 0 for a free slot and for one that beat after `now` was read.
uint64_t silent_for(const ProcessSlot& slot, Tick now);

// write_obituary joins the pieces, cut to kObituaryBytes; control bytes become spaces. Async-signal-safe. The first call of a process
// counts: later ones, such as of a second thread that crashes, change nothing.
void write_obituary(ProcessSlot& slot, std::initializer_list<std::string_view> pieces);
// obituary_of is the text, or empty when there is none.
std::string obituary_of(const ProcessSlot& slot);

// SignalSafeNumber renders a number without a library call that a signal handler must not make.
class SignalSafeNumber {
 public:
  enum class Base : unsigned { decimal = 10, hexadecimal = 16 };
  explicit SignalSafeNumber(uint64_t number, Base base = Base::decimal);
  std::string_view text() const { return {digits_ + start_, sizeof digits_ - start_}; }

 private:
  char digits_[20];
  size_t start_ = sizeof digits_;
};

class ProcessSlots {
 public:
  static constexpr uint32_t kMaxSlots = 256;
  static ZoneSpec zone_spec();
  static Result<std::unique_ptr<ProcessSlots>> open(std::shared_ptr<Zone> zone);

  // REQUIRES: index < kMaxSlots. The slot lives as long as the zone is mapped.
  ProcessSlot& at(uint32_t index) const;

 private:
  explicit ProcessSlots(std::shared_ptr<Zone> zone) : zone_(std::move(zone)) {}
  std::shared_ptr<Zone> zone_;  // shared with the table of zones, see Zone::map
};

}  // namespace sluice
