#include "process/pid_file.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include <sluice/base/strings.h>

#include <sluice/os/file.h>

namespace sluice {

PidFile::~PidFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

Result<void> PidFile::write(const std::string& path) {
  if (path == path_) return {};
  TRY(write_file_atomic(path, concat(getpid(), '\n')));
  if (!path_.empty()) unlink(path_.c_str());
  path_ = path;
  return {};
}

Result<pid_t> read_pid_file(const std::string& path) {
  TRY_ASSIGN(std::string text, read_file(path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  auto pid = parse_uint(text);
  if (!pid || *pid == 0 || *pid > 0x7fffffff)
    return Error(ErrorKind::config, concat("invalid PID number \"", text, "\" in \"", path, '"'), ErrorSource::config);
  return static_cast<pid_t>(*pid);
}

bool names_dead_process(const std::string& path) {
  auto pid = read_pid_file(path);
  return pid && kill(*pid, 0) != 0 && errno == ESRCH;
}

}  // namespace sluice
