// Dismantler: destroys generations that nobody refers to any more, a slice per turn of the loop, so that the end of a large
// configuration delays no request.
#pragma once

#include <deque>
#include <memory>

#include <sluice/event/event_loop.h>
#include <sluice/server/generation.h>

namespace sluice {

class Dismantler final : private Posted {
 public:
  explicit Dismantler(EventLoop& loop) : loop_(loop) {}
  ~Dismantler() override { finish(); }

  // take destroys the generation in the coming turns.
  void take(std::unique_ptr<Generation> generation);
  // finish destroys at once what was taken and whatever comes from now on: the process ends.
  void finish();

 private:
  void on_posted() override;
  void destroy_first();

  EventLoop& loop_;
  std::deque<std::unique_ptr<Generation>> taken_;
  bool finishing_ = false;
};

}  // namespace sluice
