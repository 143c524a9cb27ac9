// FileTexts: how a file's state is written in the head of a response.
#pragma once

#include <string>

#include <sluice/os/file_look.h>

namespace sluice {

struct FileTexts {
  explicit FileTexts(const FileStamp& file);

  std::string etag;           // nginx's: "mtime-size" in hexadecimal, with the quotes
  std::string last_modified;
};

}  // namespace sluice
