// MainConf: the main-level values that processes need: who they are and how many.
#pragma once

#include <string>
#include <vector>

#include <sluice/base/clock.h>

#include "os/cpu_affinity.h"

namespace sluice {

struct MainConf {
  bool daemon = true;
  bool master_process = true;
  std::string pid = "logs/sluice.pid";            // relative to the prefix
  std::string user;                               // empty: "nobody" when started by root
  std::string group;
  int worker_processes = 1;                       // auto = number of CPUs
  uint64_t worker_connections = 10240;            // events{}; per worker, client and upstream side together
  uint64_t worker_rlimit_nofile = 0;              // 0: leave
  uint64_t worker_rlimit_core = 0;                // with has_rlimit_core
  bool has_rlimit_core = false;
  int worker_priority = 0;                        // nice value
  CpuAffinity worker_cpu_affinity;                // empty: where the kernel likes
  Milliseconds worker_shutdown_timeout{0};        // 0: wait for ever
  Milliseconds worker_watchdog{5'000};            // a worker that does not tick for so long is killed; 0: off
  Milliseconds reload_timeout{30'000};            // a loader that takes longer is killed and the reload fails
  struct ErrorLog { std::string path; int level; };
  std::vector<ErrorLog> error_logs;               // main-level error_log; default logs/error.log error
  std::string working_directory;
  std::vector<std::string> environment;           // env: NAME or NAME=VALUE
};

}  // namespace sluice
