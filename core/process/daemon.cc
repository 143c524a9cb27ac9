#include "process/daemon.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "os/process.h"

namespace sluice {

namespace {

[[noreturn]] void wait_for_start(int from_child) {
  char byte = 0;
  ssize_t n;
  do {
    n = read(from_child, &byte, 1);
  } while (n < 0 && errno == EINTR);
  _exit(n == 1 ? 0 : 1);
}

}  // namespace

Result<StartReport> StartReport::detach() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return os_error("pipe()", errno);
  Fd from_child(ends[0]), to_parent(ends[1]);
  pid_t pid = fork();
  if (pid < 0) return os_error("fork()", errno);
  if (pid > 0) {
    to_parent.reset();
    wait_for_start(from_child.get());
  }
  TRY(start_session());
  return StartReport(std::move(to_parent));
}

void StartReport::started() {
  if (!to_parent_.valid()) return;
  (void)redirect_stdio_to_null(StandardError::null).ok();
  char byte = '0';
  while (write(to_parent_.get(), &byte, 1) < 0 && errno == EINTR) {
  }
  to_parent_.reset();
}

}  // namespace sluice
