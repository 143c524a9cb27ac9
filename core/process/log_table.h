// LogTable: the log files of a process that does not open them itself: descriptors by path. A number never changes its file, because
// loggers and access logs of every generation keep it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "process/configuration.h"

namespace sluice {

class LogTable {
 public:
  // inherit takes over descriptors that came by fork.
  void inherit(const std::vector<std::shared_ptr<LogFile>>& logs);
  // update points known paths at the given files, under their old numbers, and adds unknown ones.
  void update(std::vector<LogFile> logs);
  // find gives the descriptor, or -1.
  int find(const std::string& path) const;
  std::vector<int> descriptors() const;

 private:
  std::map<std::string, int> fds_;  // open as long as the process
};

}  // namespace sluice
