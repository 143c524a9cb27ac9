// What the kernel says about a file: one statx, by path or by descriptor.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include <sluice/base/api.h>

namespace sluice {

// FileStamp: two equal ones mean the same bytes, provided that the file had time to settle (settled).
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified = 0;  // seconds since the Unix epoch
  int64_t changed = 0;
  uint32_t modified_ns = 0;
  uint32_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

struct FileLook {
  int error = 0;  // errno; then the rest means nothing
  uint16_t mode = 0;
  FileStamp stamp;

  bool is_directory() const { return S_ISDIR(mode); }
  bool is_regular() const { return S_ISREG(mode); }
};

// look_at follows symbolic links. `path` ends with NUL.
SLUICE_API FileLook look_at(const char* path);
SLUICE_API FileLook look_at(int fd);
SLUICE_API FileLook look_at(int directory, const char* name);

// settled: the last change is so long ago that another one would show in the stamp. Timestamps advance in steps (a kernel tick; two
// seconds on the coarsest file systems): two writes within one step can leave equal stamps with different bytes.
SLUICE_API bool settled(const FileStamp& stamp, int64_t wall_seconds);

}  // namespace sluice
