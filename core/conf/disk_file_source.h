// DiskFileSource: configuration text from the file system; what the loader uses.
#pragma once

#include <sluice/conf/file_source.h>

namespace sluice {

class DiskFileSource final : public FileSource {
 public:
  // read fails as open(2) and read(2) do; a directory is `read() "PATH" failed (21: Is a directory)`.
  Result<std::string> read(const std::string& absolute_path) override;
  std::vector<std::string> glob(const std::string& pattern) override;
};

}  // namespace sluice
