// Hears of the signal that ends a tool, so that it can say what it has measured before it leaves.
#pragma once

#include "tool.h"

namespace sluice::bench {

class Ending final : public Watcher {
 public:
  // SIGTERM and SIGINT no longer end the process; they make wanted() true during a turn of POLLER.
  explicit Ending(Poller& poller);

  void on_event(uint32_t) override { wanted_ = true; }
  bool wanted() const { return wanted_; }

 private:
  bool wanted_ = false;
};

}  // namespace sluice::bench
