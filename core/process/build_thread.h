// BuildThread: builds a configuration beside the event loop, so that a reload delays no request; the result arrives on the loop.
#pragma once

#include <functional>
#include <optional>
#include <thread>

#include <sluice/event/event_loop.h>

#include "module/build.h"

namespace sluice {

class BuildThread final : private Wakeup {
 public:
  using Done = std::function<void(Result<BuildOutput>)>;

  explicit BuildThread(EventLoop& loop) : Wakeup(loop) {}
  ~BuildThread() override;  // waits for a running build

  // start builds; what `input` points to must live until `done` is called, on the loop's thread. REQUIRES: !running().
  void start(BuildInput input, Done done);
  bool running() const { return thread_.joinable(); }

 private:
  void on_wakeup() override;

  std::thread thread_;
  Done done_;
  std::optional<Result<BuildOutput>> result_;  // written by the thread before it notifies
};

}  // namespace sluice
