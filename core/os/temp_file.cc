#include "os/temp_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <sluice/os/file.h>

namespace sluice {

Result<Fd> open_temp_file(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return Fd(fd);
  if (errno != EOPNOTSUPP && errno != EISDIR) return path_error("open()", directory, errno);
  std::string path;
  auto named = open_named_temp_file(directory, path);
  if (named) ::unlink(path.c_str());
  return named;
}

Result<Fd> open_named_temp_file(const std::string& directory, std::string& path) {
  path = directory + "/body-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return path_error("mkostemp()", path, errno);
  return Fd(fd);
}

Result<void> make_temp_directory(const std::string& directory) {
  for (size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
    const std::string part = directory.substr(0, end);
    const bool last = end == std::string::npos;
    if (::mkdir(part.c_str(), 0755) == 0) {
      if (last && ::chmod(part.c_str(), 01777) != 0) return path_error("chmod()", part, errno);
    } else if (errno != EEXIST) {
      return path_error("mkdir()", part, errno);
    }
    if (last) return {};
  }
}

Result<void> write_at(int fd, std::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return os_error("pwrite()", n < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

}  // namespace sluice
