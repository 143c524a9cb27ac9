// MemoryFiles: a FileSource of texts in memory.
#pragma once

#include <fnmatch.h>

#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/strings.h>
#include <sluice/conf/file_source.h>

namespace sluice {

class MemoryFiles final : public FileSource {
 public:
  explicit MemoryFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  Result<std::string> read(const std::string& path) override {
    auto file = files_.find(path);
    if (file == files_.end()) return os_error(concat("open() \"", path, "\""), ENOENT);
    return file->second;
  }

  std::vector<std::string> glob(const std::string& pattern) override {
    std::vector<std::string> paths;
    for (const auto& [path, text] : files_) {
      if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) paths.push_back(path);
    }
    return paths;
  }

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace sluice
