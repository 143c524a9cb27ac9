// PathLogs: access logs whose path has variables. The worker opens these files itself, as its user, and writes what one turn of the loop
// brought to each in one go. Without open_log_file_cache a file is opened for that and closed again; with it up to `max` stay open.
//
// One per thread. What a client can put into a path must not lead elsewhere: a path with a ".." segment, an empty name at its end or a
// control byte gets no line, and that is logged.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sluice/base/clock.h>
#include <sluice/event/event_loop.h>
#include <sluice/os/fd.h>
#include <sluice/server/location.h>

#include "server/log_text.h"

namespace sluice {

class PathLogs final : private Posted {
 public:
  static PathLogs& of_thread();

  // line gives the text to add one line to; null for a path that gets none.
  LogText* line(std::string_view path, const LogFileCache& cache);
  // flush writes everything; close_all closes what was kept open, so that the next lines find the files anew.
  void flush();
  void close_all();
  uint64_t failures() const { return failures_; }

 private:
  struct File {
    std::string path;
    LogText text;
    LogFileCache cache;
    Fd fd;
    Tick opened = 0;
    Tick used = 0;
    uint64_t uses = 0;
  };
  using Files = std::list<File>;  // the last used first
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void on_posted() override { flush(); }
  void write(File& file, Tick now);
  void forget(Files::iterator file);

  static constexpr size_t kMostPending = 256;  // files with lines of this turn
  static constexpr size_t kMostKept = 4096;

  Files files_;
  std::unordered_map<std::string_view, Files::iterator, Hash, std::equal_to<>> by_path_;
  size_t pending_ = 0;
  uint64_t failures_ = 0;
  int64_t complained_ = -1;  // the second of the last complaint
};

}  // namespace sluice
