#include "log/descriptor_sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace sluice {

namespace {

// A writable pipe promises room for PIPE_BUF bytes only; a longer write could wait for its reader.
size_t largest_write(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) return SIZE_MAX;
  return S_ISFIFO(status.st_mode) ? PIPE_BUF : SIZE_MAX;
}

bool takes_bytes_now(int fd) {
  pollfd poller{fd, POLLOUT, 0};
  int ready;
  do {
    ready = poll(&poller, 1, 0);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && (poller.revents & POLLOUT) != 0;
}

}  // namespace

bool write_line(int fd, std::string_view line) {
  size_t largest = largest_write(fd);
  while (!line.empty()) {
    if (!takes_bytes_now(fd)) return false;
    ssize_t written = ::write(fd, line.data(), std::min(line.size(), largest));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    line.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace sluice
