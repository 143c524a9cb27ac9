// FileCache: the contents of small files that were asked for lately, per worker and generation.
//
// It saves no look at the file system, only what follows one: every request asks the kernel for the file's stamp (one statx), and a copy
// serves only while the stamp is the one it was read with. So it never answers anything that opening the file would not have answered,
// with one system call in place of four. The least recently used copies go when the total reaches the limit.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sluice/base/hash.h>
#include <sluice/os/file_look.h>

#include "file_texts.h"

namespace sluice {

// The content of one file at one moment.
struct FileCopy {
  FileCopy(std::string_view its_path, const FileStamp& its_stamp)
      : path(its_path), stamp(its_stamp), texts(its_stamp), content(its_stamp.size, '\0') {}

  std::string path;
  FileStamp stamp;
  FileTexts texts;
  std::string content;
};

class FileCache {
 public:
  static constexpr uint64_t kLargestFile = 64 * 1024;

  explicit FileCache(uint64_t limit_bytes) : limit_(limit_bytes) {}

  // fits: a file of that size may have a copy here.
  bool fits(uint64_t size) const { return size <= kLargestFile && cost(size, 0) <= limit_; }

  // find returns the copy of the file at `path` if it has this stamp; else null, and an outdated copy is dropped. The pointer is valid
  // until the next call; who waits while using the copy takes a reference.
  const std::shared_ptr<const FileCopy>* find(std::string_view path, const FileStamp& stamp);

  // read makes a copy of the open file and keeps it. Null when the file changed meanwhile or could not be read whole: then nothing is
  // kept. REQUIRES: fits(stamp.size).
  std::shared_ptr<const FileCopy> read(std::string_view path, int fd, const FileStamp& stamp);

  // close forgets all copies and keeps none from now on. Who holds a copy goes on using it.
  void close();

  uint64_t bytes() const { return bytes_; }
  uint64_t evicted() const { return evicted_; }

 private:
  using Recent = std::list<std::shared_ptr<const FileCopy>>;  // the last used one is in front
  struct Hash {
    size_t operator()(std::string_view path) const { return hash_bytes(path, process_seed()); }
  };

  static uint64_t cost(uint64_t content_bytes, size_t path_bytes);
  static uint64_t cost(const FileCopy& copy) { return cost(copy.content.size(), copy.path.size()); }
  void drop(Recent::iterator copy);

  uint64_t limit_;
  uint64_t bytes_ = 0;
  uint64_t evicted_ = 0;
  Recent recent_;
  std::unordered_map<std::string_view, Recent::iterator, Hash> by_path_;  // keys lie in the copies
};

}  // namespace sluice
