#include "file_cache.h"

#include <unistd.h>

#include <cerrno>

namespace sluice {

namespace {

// read_whole fills `content` from the file's start; false when the file ends early or an error comes.
bool read_whole(int fd, std::string& content) {
  size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t n = ::pread(fd, content.data() + filled, content.size() - filled, static_cast<off_t>(filled));
    if (n > 0) filled += static_cast<size_t>(n);
    else if (n == 0 || errno != EINTR) return false;
  }
  return true;
}

}  // namespace

uint64_t FileCache::cost(uint64_t content_bytes, size_t path_bytes) {
  constexpr uint64_t kNodes = 384;  // the copy itself, its place in the list and in the table
  return content_bytes + path_bytes + kNodes;
}

const std::shared_ptr<const FileCopy>* FileCache::find(std::string_view path, const FileStamp& stamp) {
  auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  auto copy = found->second;
  if ((*copy)->stamp != stamp) {
    drop(copy);
    return nullptr;
  }
  if (copy != recent_.begin()) recent_.splice(recent_.begin(), recent_, copy);
  return &*copy;
}

std::shared_ptr<const FileCopy> FileCache::read(std::string_view path, int fd, const FileStamp& stamp) {
  auto copy = std::make_shared<FileCopy>(path, stamp);
  if (!read_whole(fd, copy->content)) return nullptr;
  const FileLook after = look_at(fd);
  if (after.error != 0 || after.stamp != stamp) return nullptr;

  if (auto outdated = by_path_.find(path); outdated != by_path_.end()) drop(outdated->second);
  const uint64_t bytes = cost(*copy);
  if (bytes > limit_) return copy;
  while (bytes_ + bytes > limit_) {
    ++evicted_;
    drop(std::prev(recent_.end()));
  }
  recent_.push_front(copy);
  by_path_.emplace(copy->path, recent_.begin());
  bytes_ += bytes;
  return copy;
}

void FileCache::close() {
  limit_ = 0;
  while (!recent_.empty()) drop(recent_.begin());
}

void FileCache::drop(Recent::iterator copy) {
  bytes_ -= cost(**copy);
  by_path_.erase((*copy)->path);
  recent_.erase(copy);
}

}  // namespace sluice
