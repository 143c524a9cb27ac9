#include "process/log_table.h"

#include <fcntl.h>
#include <unistd.h>

namespace sluice {

void LogTable::inherit(const std::vector<std::shared_ptr<LogFile>>& logs) {
  for (const auto& log : logs) fds_[log->path] = log->fd.get();
}

void LogTable::update(std::vector<LogFile> logs) {
  for (LogFile& log : logs) {
    auto known = fds_.find(log.path);
    if (known == fds_.end()) {
      fds_.emplace(log.path, log.fd.release());
    } else {
      dup3(log.fd.get(), known->second, O_CLOEXEC);
    }
  }
}

int LogTable::find(const std::string& path) const {
  auto found = fds_.find(path);
  return found == fds_.end() ? -1 : found->second;
}

std::vector<int> LogTable::descriptors() const {
  std::vector<int> all;
  for (const auto& [path, fd] : fds_) all.push_back(fd);
  return all;
}

}  // namespace sluice
