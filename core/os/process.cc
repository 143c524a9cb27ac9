#include "os/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <sluice/base/strings.h>

#include <sluice/os/file.h>

namespace sluice {

Result<Fd> open_pidfd(pid_t pid) {
  Fd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) return os_error(concat("pidfd_open(", pid, ')'), errno);
  return fd;
}

Result<void> send_signal_to(int pidfd, int signal) {
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0)
    return os_error("pidfd_send_signal()", errno);
  return {};
}

uint64_t open_files_limit() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

Result<void> set_open_files_limit(uint64_t count) {
  rlimit limit{count, count};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return os_error(concat("setrlimit(RLIMIT_NOFILE, ", count, ')'), errno);
  return {};
}

Result<void> set_core_limit(uint64_t bytes) {
  rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_CORE, &limit) != 0) return os_error(concat("setrlimit(RLIMIT_CORE, ", bytes, ')'), errno);
  return {};
}

void raise_open_files_limit() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void close_all_but(std::vector<int> kept) {
  kept.insert(kept.end(), {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  std::sort(kept.begin(), kept.end());
  unsigned next = 0;
  for (int fd : kept) {
    auto keep = static_cast<unsigned>(fd);
    if (keep > next) close_range(next, keep - 1, 0);
    next = std::max(next, keep + 1);
  }
  close_range(next, ~0u, 0);
}

void end_with_parent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
}

Result<void> start_session() {
  if (setsid() < 0) return os_error("setsid()", errno);
  return {};
}

Result<void> redirect_stdio_to_null(StandardError standard_error) {
  Fd null(open("/dev/null", O_RDWR));
  if (!null.valid()) return path_error("open", "/dev/null", errno);
  for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (standard == STDERR_FILENO && standard_error == StandardError::keep) continue;
    if (dup2(null.get(), standard) < 0) return os_error("dup2()", errno);
  }
  if (null.get() <= STDERR_FILENO)
    null.release();  // a standard descriptor was closed before, and is this one now
  return {};
}

}  // namespace sluice
