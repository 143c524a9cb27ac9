// Processes: descriptors of them, their limits, and the pieces of becoming a daemon.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

// open_pidfd gives a descriptor that names the process for ever and becomes readable when it ends. REQUIRES: pid is our child (not yet
// waited for), otherwise the number may already name another process.
Result<Fd> open_pidfd(pid_t pid);
// send_signal_to signals the process behind a pidfd; never another one that got its number.
Result<void> send_signal_to(int pidfd, int signal);

// open_files_limit is the soft limit of open descriptors; set_open_files_limit sets both limits (raising the hard one needs rights).
uint64_t open_files_limit();
Result<void> set_open_files_limit(uint64_t count);

// start_session makes the process leader of a new session without a terminal (setsid).
Result<void> start_session();

// redirect_stdio_to_null points standard input, output and, unless it is kept, standard error at /dev/null.
enum class StandardError { keep, null };
Result<void> redirect_stdio_to_null(StandardError standard_error);

}  // namespace sluice
