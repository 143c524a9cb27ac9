// Processes: descriptors of them, their limits, and the pieces of becoming a daemon.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

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

// set_core_limit bounds the core file of this process; both limits.
Result<void> set_core_limit(uint64_t bytes);

// raise_open_files_limit raises the soft limit to the hard one; what cannot be raised stays.
void raise_open_files_limit();

// close_all_but closes every descriptor but the standard ones and `kept`: a forked process must not keep its parent's lines to others
// and its sockets open. Objects that own such a descriptor must not be used or destroyed afterwards.
void close_all_but(std::vector<int> kept);

// end_with_parent has the kernel kill this process (SIGKILL) when `parent` ends, and ends it at once when that happened already.
// REQUIRES: right after fork; the parent's thread that forked lives as long as the parent.
void end_with_parent(pid_t parent);

// start_session makes the process leader of a new session without a terminal (setsid).
Result<void> start_session();

// redirect_stdio_to_null points standard input, output and, unless it is kept, standard error at /dev/null.
enum class StandardError { keep, null };
Result<void> redirect_stdio_to_null(StandardError standard_error);

}  // namespace sluice
