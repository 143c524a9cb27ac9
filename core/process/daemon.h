// Daemon: going to the background, and the parent that waits in the foreground for how it went.
#pragma once

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

class StartReport {
 public:
  StartReport() = default;  // in the foreground: nobody waits

  // detach forks. The parent never returns from it: it exits with 0 when the child calls started(), with 1 when the child ends without.
  // The child is the leader of a new session; standard error stays the terminal's until started().
  static Result<StartReport> detach();

  // started: every socket listens, the pid file is written.
  void started();

 private:
  explicit StartReport(Fd to_parent) : to_parent_(std::move(to_parent)) {}
  Fd to_parent_;
};

}  // namespace sluice
