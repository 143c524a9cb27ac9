#include <sluice/os/file_look.h>

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace sluice {

namespace {

constexpr unsigned kWanted = STATX_TYPE | STATX_MODE | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME;

FileLook look(int fd, const char* path, int flags) {
  struct statx found;
  FileLook result;
  if (::statx(fd, path, flags | AT_STATX_SYNC_AS_STAT, kWanted, &found) != 0) {
    result.error = errno;
    return result;
  }
  result.mode = found.stx_mode;
  result.stamp = {makedev(found.stx_dev_major, found.stx_dev_minor),
                  found.stx_ino,
                  found.stx_size,
                  found.stx_mtime.tv_sec,
                  found.stx_ctime.tv_sec,
                  found.stx_mtime.tv_nsec,
                  found.stx_ctime.tv_nsec};
  return result;
}

}  // namespace

FileLook look_at(const char* path) { return look(AT_FDCWD, path, 0); }
FileLook look_at(int directory, const char* name) { return look(directory, name, 0); }
FileLook look_at(int fd) { return look(fd, "", AT_EMPTY_PATH); }

bool settled(const FileStamp& stamp, int64_t wall_seconds) {
  constexpr int64_t kCoarsestStep = 2;
  return stamp.changed + kCoarsestStep < wall_seconds && stamp.modified + kCoarsestStep < wall_seconds;
}

}  // namespace sluice
