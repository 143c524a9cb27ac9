#include "process/build_thread.h"

#include <malloc.h>

#include <sluice/base/clock.h>

namespace sluice {

BuildThread::~BuildThread() {
  if (thread_.joinable()) thread_.join();
}

void BuildThread::start(BuildInput input, Done done) {
  done_ = std::move(done);
  thread_ = std::thread([this, input = std::move(input)] {
    Clock::of_thread().refresh();
    result_.emplace(build_generation(input));
    malloc_trim(0);  // of what only the build needed; here, because it can take many milliseconds
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
