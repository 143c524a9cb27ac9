// Dismantler: destroys generations that nobody refers to any more, a slice now and then, so that the end of a large configuration
// delays no request: neither of this loop nor of another process on the same CPU, which one that never rests would push aside for
// milliseconds.
#pragma once

#include <deque>
#include <memory>

#include <sluice/event/event_loop.h>
#include <sluice/server/generation.h>

namespace sluice {

class Dismantler final : private Timer {
 public:
  Dismantler() = default;
  ~Dismantler() override { finish(); }

  // take destroys the generation: a small one in the next turn, a large one in the time to come.
  void take(std::unique_ptr<Generation> generation);
  // finish destroys at once what was taken and whatever comes from now on: the process ends.
  void finish();

 private:
  void on_timer() override;
  void destroy_first();

  std::deque<std::unique_ptr<Generation>> taken_;
  bool finishing_ = false;
};

}  // namespace sluice
