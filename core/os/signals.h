// Signals as events: a process blocks the ones it wants and reads them from a descriptor, in its loop, in order.
#pragma once

#include <sys/signalfd.h>

#include <initializer_list>
#include <optional>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

// block_all_signals blocks every signal of the calling thread but the synchronous ones (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
// SIGTRAP, SIGSYS), which a crash handler needs. Call it before making threads, and around fork.
void block_all_signals();

// reset_signals gives a child that will exec or go its own way default handlers and an empty mask.
void reset_signals();

// Signals: a signalfd over a set of signals, which it blocks. The descriptor is non-blocking, close-on-exec and readable (poll, the
// event loop) while a signal is pending. Make it after fork: a signalfd reads the signals of the process that reads it.
class Signals {
 public:
  static Result<Signals> open(std::initializer_list<int> signals);

  int fd() const { return fd_.get(); }
  // next takes one pending signal (ssi_signo, ssi_pid and ssi_uid of the sender, ssi_status of a child); nothing when none is pending.
  std::optional<signalfd_siginfo> next();

 private:
  explicit Signals(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace sluice
