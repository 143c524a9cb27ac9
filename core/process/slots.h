// Slots: what a child shows its master without being asked: that it ticks, what it builds, and its last words. Shared memory made by the
// master before the first fork; a slot belongs to one living process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.h>
#include <sluice/base/error.h>

#include <sluice/metrics/metrics.h>

#include "shm/heartbeat.h"

namespace sluice {

// Activity: what a process builds just now ("running init_by_lua(proxy.conf:3)"), for the reason of a build that dies or never ends.
struct Activity {
  static constexpr size_t kTextBytes = 256;
  std::atomic<size_t> bytes;
  char text[kTextBytes];

  // set may be called while the master reads, which then sees a torn text and nothing worse.
  void set(std::string_view what);
  std::string read() const;
};

struct Slot {
  ProcessSlot* shared = nullptr;
  Activity* activity = nullptr;
  uint32_t index = 0;
  std::shared_ptr<Zone> metrics;  // of all processes; this one's words are those of `index`
  bool taken = false;

  // " while running init_by_lua(...)", or nothing.
  std::string while_doing() const;
};

class Slots {
 public:
  static Result<std::unique_ptr<Slots>> make();
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // take gives a free slot; null when all are taken. give_back frees it: call it when its process has been waited for.
  Slot* take();
  void give_back(Slot& slot);

 private:
  Slots(std::unique_ptr<ProcessSlots> shared, std::shared_ptr<Zone> metrics_zone, std::unique_ptr<Metrics> metrics, Activity* activities);
  std::unique_ptr<ProcessSlots> shared_;
  std::unique_ptr<Metrics> metrics_;  // the master's view: it only zeroes the gauges of the dead
  Activity* activities_;
  std::vector<Slot> slots_;
};

// monotonic_now reads the monotonic clock in milliseconds, without the thread's cached Clock.
Tick monotonic_now();

}  // namespace sluice
