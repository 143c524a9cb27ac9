#include "process/build_thread.h"

#include <sys/resource.h>

#include <sluice/base/clock.h>

namespace sluice {

BuildThread::~BuildThread() {
  if (thread_.joinable()) thread_.join();
}

void BuildThread::start(BuildInput input, int niceness, Done done) {
  done_ = std::move(done);
  thread_ = std::thread([this, niceness, input = std::move(input)] {
    if (niceness != 0) setpriority(PRIO_PROCESS, 0, niceness);  // of this thread alone, as Linux has it
    Clock::of_thread().refresh();
    result_.emplace(build_generation(input));
    notify();
  });
}

void BuildThread::on_wakeup() {
  if (!thread_.joinable()) return;
  thread_.join();
  Result<BuildOutput> result = std::move(*result_);
  result_.reset();
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace sluice
