// PidFile: the file that names the master.
#pragma once

#include <sys/types.h>

#include <string>

#include <sluice/base/error.h>

namespace sluice {

class PidFile {
 public:
  PidFile() = default;
  ~PidFile();  // removes the file
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // write makes the file, whole from the first moment on, with this process's id; a change of path moves it.
  Result<void> write(const std::string& path);

 private:
  std::string path_;
};

// read_pid_file's errors are nginx's: `open() "F" failed (2: ...)`, `invalid PID number "x" in "F"`.
Result<pid_t> read_pid_file(const std::string& path);

// names_dead_process: the file is there, and nobody has that id: a master was killed.
bool names_dead_process(const std::string& path);

}  // namespace sluice
