#include "conf/disk_file_source.h"

#include <glob.h>

#include <algorithm>

#include <sluice/os/file.h>

namespace sluice {

Result<std::string> DiskFileSource::read(const std::string& absolute_path) {
  return read_file(absolute_path);
}

std::vector<std::string> DiskFileSource::glob(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t matches{};
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches) == 0) {
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  }
  ::globfree(&matches);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace sluice
