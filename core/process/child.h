// Child: the life of a worker or of the control process, from fork to exit.
//
//   master --prepare--> build beside the loop --prepared--> master --commit--> swap in --serving--> master
//                                            \-failed---->        \-abandon-> drop it
//
// A respawned child commits by itself. When the master is gone (end of file) a child serves on; it drains once the pid file names
// another master.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/server/process_context.h>

#include "os/privileges.h"
#include "os/process_title.h"
#include "process/assignment.h"
#include "process/channel.h"
#include "process/options.h"
#include "process/slots.h"

namespace sluice {

struct ChildSetup {
  const Options& options;
  const Configuration& configuration;  // of the master, as it was at the fork: main values and open logs
  ProcessKind kind;
  int index;                           // 0..; -1 for control
  Slot& slot;
  ProcessTitle& title;
  std::optional<UserIds> user;         // whom to become
};

// run_child never returns. REQUIRES: called right after fork, with one thread; every other descriptor of the master is closed.
[[noreturn]] void run_child(const ChildSetup& setup, Channel channel);

// child_name is "worker process" or "control process".
std::string_view child_name(ProcessKind kind);

}  // namespace sluice
