// Serving: the part of a process that serves: its event loop, its Service and the current generation. Workers, the control process and
// a single process are this, with different hands that give them configurations.
#pragma once

#include <memory>
#include <optional>

#include <sluice/event/event_loop.h>
#include <sluice/metrics/metrics.h>
#include <sluice/server/process_context.h>

#include "module/build.h"
#include "process/build_thread.h"
#include "process/dismantler.h"
#include "server/service.h"

namespace sluice {

class Serving {
 public:
  // `metrics` is this process's slot in the table of all.
  Serving(ProcessKind kind, int id, int workers, std::unique_ptr<Metrics> metrics);
  ~Serving();

  EventLoop& loop() { return loop_; }
  // build starts a build beside the loop, see BuildThread; what comes of it is destroyed in slices one day.
  void build(BuildInput input, BuildThread::Done done);
  bool building() const { return builder_.running(); }
  bool has_generation() const { return generation_ != nullptr; }

  // swap_in makes a built configuration current: its modules start, new requests mean it, the old one's modules retire. An error of a
  // module's start leaves the old one current. `sockets` are the listening sockets for output.listeners, in the same order.
  Result<void> swap_in(BuildOutput output, const std::vector<int>& sockets);

  // quit drains: no new connections, idle ones close, the others end after their exchange; then the loop stops. After `patience` (0:
  // never) the rest is closed. stop ends everything now.
  void quit(Milliseconds patience);
  void stop();
  bool quitting() const { return context_.exiting; }

 private:
  class Patience final : public Timer {
   public:
    explicit Patience(Serving& serving) : serving_(serving) {}

   private:
    void on_timer() override;
    Serving& serving_;
  };

  EventLoop loop_;
  Dismantler dismantler_;
  std::unique_ptr<Metrics> metrics_;
  ProcessContext context_;
  std::shared_ptr<Generation> generation_;
  std::optional<Service> service_;  // control has none
  BuildThread builder_;
  Patience patience_{*this};
};

}  // namespace sluice
