// Snapshot: every file a configuration was built from, frozen: what the loader read from the disk, all other processes read from here.
//
//   archive (one sealed memory file)     files: path, text or error     globs: pattern, paths     names: host:port, addresses
//   libraries (a sealed memory file each) named by content, opened through /proc/self/fd/N
#pragma once

#include <map>
#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/file_source.h>
#include <sluice/os/fd.h>

#include "module/build.h"

namespace sluice {

struct LibraryCopy {
  std::string path;
  std::string id;  // content_id of its bytes
  Fd fd;
};

struct Snapshot {
  Fd archive;
  std::vector<LibraryCopy> libraries;
};

// FileArchive: the files themselves. Reading a file that was never recorded fails as if it did not exist.
class FileArchive final : public FileSource {
 public:
  static Result<FileArchive> open(int archive_fd);
  // to_memory_file writes it all into one sealed memory file, which open reads.
  Result<Fd> to_memory_file() const;

  Result<std::string> read(const std::string& absolute_path) override;
  std::vector<std::string> glob(const std::string& pattern) override;
  Result<std::vector<std::string>> resolve(const std::string& host_and_port, uint16_t default_port) override;

  void add(const std::string& path, const Result<std::string>& content);
  void add_glob(const std::string& pattern, const std::vector<std::string>& paths);
  void add_name(const std::string& host_and_port, const std::vector<std::string>& addresses);

 private:
  struct File {
    std::string text;  // the error's when os_errno is set
    int os_errno = 0;
  };
  std::map<std::string, File> files_;
  using Lists = std::map<std::string, std::vector<std::string>>;
  Lists globs_;
  Lists names_;  // what was looked up: every process means the same peers
};

// RecordingFiles reads through another source and keeps what it gave, failures included, so that a replay takes the same turns.
class RecordingFiles final : public FileSource {
 public:
  explicit RecordingFiles(FileSource& source) : source_(source) {}
  Result<std::string> read(const std::string& absolute_path) override;
  std::vector<std::string> glob(const std::string& pattern) override;
  Result<std::vector<std::string>> resolve(const std::string& host_and_port, uint16_t default_port) override;
  const FileArchive& archive() const { return archive_; }

 private:
  FileSource& source_;
  FileArchive archive_;
};

// Libraries: the library copies that this process has open, each content once. The dynamic linker knows a library by the path
// /proc/self/fd/N, so a number must not mean another content while a library is loaded under it: a descriptor is closed when it is in
// no snapshot any more and its library has been unloaded.
class Libraries final : public LibrarySource {
 public:
  // on_disk: a path that was not given by use() is copied from the disk (the loader, a single process).
  enum class Unknown { refuse, read_disk };
  explicit Libraries(Unknown unknown) : unknown_(unknown) {}

  // use makes the paths of a snapshot mean its copies. Takes the descriptors that are new and closes the others.
  void use(std::vector<LibraryCopy> copies);
  // forget_paths: the next open of a path looks at the disk again.
  void forget_paths();
  Result<Library> open(const std::string& path) override;
  // used lists path, id and borrowed descriptor of everything opened since forget_paths.
  struct Used {
    std::string path, id;
    int fd;
  };
  std::vector<Used> used() const;

 private:
  Result<Library> copy_from_disk(const std::string& path);
  void close_unloaded();

  Unknown unknown_;
  std::map<std::string, std::string> ids_by_path_;
  std::map<std::string, Fd> fds_by_id_;
};

}  // namespace sluice
