#include <sluice/os/file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <sluice/base/strings.h>

namespace sluice {

Error path_error(std::string_view call, std::string_view path, int errno_value) {
  return os_error(concat(call, "() \"", path, '"'), errno_value,
                  errno_value == ENOENT ? ErrorKind::not_found : ErrorKind::io);
}

Result<std::string> read_file(const std::string& path) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return path_error("open", path, errno);
  auto content = read_all(file.get());
  if (!content) return path_error("read", path, content.error().os_errno);
  return content;
}

Result<std::string> read_all(int fd) {
  struct stat status;
  std::string content;
  if (fstat(fd, &status) == 0 && status.st_size > 0) content.reserve(static_cast<size_t>(status.st_size) + 1);
  char buffer[16384];
  for (;;) {
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n == 0) return content;
    if (n > 0) {
      content.append(buffer, static_cast<size_t>(n));
    } else if (errno != EINTR) {
      return os_error("read()", errno);
    }
  }
}

Result<Fd> open_append(const std::string& path, mode_t mode) {
  Fd file(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
  if (!file.valid()) return path_error("open", path, errno);
  return file;
}

Result<void> write_file_atomic(const std::string& path, std::string_view bytes, mode_t mode) {
  std::string draft = concat(path, ".", getpid(), ".tmp");
  {
    Fd file(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.valid()) return path_error("open", path, errno);
    if (auto written = write_all(file.get(), bytes); !written) {
      unlink(draft.c_str());
      return path_error("write", path, written.error().os_errno);
    }
  }
  if (rename(draft.c_str(), path.c_str()) != 0) {
    Error error = path_error("rename", path, errno);
    unlink(draft.c_str());
    return error;
  }
  return {};
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return os_error("write()", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace sluice
