// FileSource: where configuration text comes from.
//
// The loader reads the disk and records what it read; workers build the same configuration from a snapshot,
// without the disk. Both stand behind this interface, and so do the in-memory files of tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>

namespace sluice {

class SLUICE_API FileSource {
 public:
  virtual ~FileSource() = default;

  // read returns the whole file. The text of its error is nginx's, without a place, which the caller adds:
  // `open() "PATH" failed (2: No such file or directory)`; os_errno is set.
  virtual Result<std::string> read(const std::string& absolute_path) = 0;

  // glob returns the paths that a POSIX pattern matches, sorted by bytes; none is no error. `*` and `?` match
  // neither a slash nor a leading dot, and a backslash takes the next character literally, as glob(3) and
  // fnmatch(3) with FNM_PATHNAME | FNM_PERIOD do.
  virtual std::vector<std::string> glob(const std::string& pattern) = 0;

  // resolve looks up "host:port" (port optional) while a configuration is loaded: all addresses as text, in order. Part of the
  // source so that every process that builds from one snapshot means the same peers. The default asks the system's resolver.
  virtual Result<std::vector<std::string>> resolve(const std::string& host_and_port, uint16_t default_port);
};

}  // namespace sluice
