// Loader: the disposable process that tries a configuration out: it reads the disk, opens every library, runs every line of init code,
// and may crash or hang while doing so. Its answer is a snapshot, or what is wrong.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include <sluice/base/clock.h>
#include <sluice/base/error.h>

#include "os/process_title.h"
#include "process/configuration.h"
#include "process/load_result.h"
#include "process/options.h"
#include "process/slots.h"

namespace sluice {

class LoaderProcess {
 public:
  // start forks it. `timeout` counts from now. `running` is the configuration in effect, whose logs the loader writes to; null when
  // there is none. The loader ends with its parent. REQUIRES: one thread.
  static Result<std::unique_ptr<LoaderProcess>> start(const Options& options, BuildRole role, uint64_t generation_id,
                                                      Milliseconds timeout, Slots& slots, ProcessTitle& title,
                                                      const Configuration* running);
  ~LoaderProcess();  // kills it if it still runs
  LoaderProcess(const LoaderProcess&) = delete;
  LoaderProcess& operator=(const LoaderProcess&) = delete;

  int fd() const { return channel_.fd(); }  // readable: call outcome()
  pid_t pid() const { return pid_; }
  Tick deadline() const { return deadline_; }
  // outcome takes the answer, if it is there: a result, or why there is none (`loader was killed by signal 11 (Segmentation fault)
  // while loading modules/x.so`, `loader did not finish within 30s while running init_by_lua(...)`, or the configuration's errors).
  std::optional<Result<LoadResult>> outcome();
  // wait blocks until the outcome is there.
  Result<LoadResult> wait();

 private:
  LoaderProcess(pid_t pid, Channel channel, Slots& slots, Slot& slot, Milliseconds timeout);
  int reap();
  Error died();
  Error too_slow();

  pid_t pid_;
  Channel channel_;
  Slots& slots_;
  Slot& slot_;
  Milliseconds timeout_;
  Tick deadline_;
};

// describe_exit says how a process ended: "exited with code 1", "was killed by signal 11 (Segmentation fault)".
std::string describe_exit(int wait_status);

}  // namespace sluice
