// Report: what goes wrong on the command line is said twice, as in nginx: on standard error and in the error log.
#pragma once

#include <string_view>
#include <vector>

#include <sluice/log/log.h>
#include <sluice/os/fd.h>

#include "process/options.h"
#include "server/main_conf.h"

namespace sluice {

// The text of a failed build has a line per mistake and lines that belong to it, indented (the source line, a suggestion) or a Lua traceback.
// show prints all of it to standard error: "sluice: [emerg] " before each mistake; record writes the mistakes to the log.
void show(LogLevel level, std::string_view text);
void record(LogLevel level, std::string_view text);
inline void report(LogLevel level, std::string_view text) {
  show(level, text);
  record(level, text);
}

// EarlyLog: the process's log before any configuration is in effect: the -e file, else what the configuration names, else
// logs/error.log. One that can't be opened is an [alert] on standard error. Its files stay open until it is destroyed.
class EarlyLog {
 public:
  EarlyLog(const Options& options, const MainConf& main);
  ~EarlyLog();
  EarlyLog(const EarlyLog&) = delete;
  EarlyLog& operator=(const EarlyLog&) = delete;

  // release keeps the process's log as somebody else has set it since, and closes the files.
  void release();

 private:
  void open(const std::string& path, LogLevel level);
  std::vector<Fd> files_;
  bool released_ = false;
};

// read_early reads the main-level values that must be known before a configuration is built. On failure everything has been reported.
bool read_early(const Options& options, MainConf& main);

}  // namespace sluice
