// Single: `master_process off;`: one process does everything, for debuggers and fuzzers. There is no loader, no snapshot and no watchdog: a
// configuration that crashes or hangs takes the process along.
#pragma once

#include "process/daemon.h"
#include "process/options.h"
#include "process/report.h"

namespace sluice {

// run_single serves until a signal ends it and returns the exit code. HUP reloads (and answers `-s reload`), USR1 reopens logs.
int run_single(const Options& options, const MainConf& early, EarlyLog& early_log, StartReport start);

}  // namespace sluice
