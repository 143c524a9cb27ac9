#include "process/snapshot.h"

#include <algorithm>
#include <cerrno>

#include <sluice/base/hash.h>
#include <sluice/base/strings.h>
#include <sluice/os/file.h>

#include "module/library.h"
#include "os/memfd.h"
#include "process/wire.h"

namespace sluice {

Result<FileArchive> FileArchive::open(int archive_fd) {
  if (!is_sealed(archive_fd)) return Error(ErrorKind::bad_message, "the snapshot is not sealed");
  TRY_ASSIGN(ReadOnlyMapping mapping, ReadOnlyMapping::map(archive_fd));
  WireReader reader(mapping.bytes());
  FileArchive archive;
  for (size_t n = reader.count(); n > 0; --n) {
    File& file = archive.files_[reader.text()];
    file.os_errno = static_cast<int>(reader.number());
    file.text = reader.text();
  }
  for (Lists* lists : {&archive.globs_, &archive.names_}) {
    for (size_t n = reader.count(); n > 0; --n) {
      std::vector<std::string>& list = (*lists)[reader.text()];
      for (size_t m = reader.count(); m > 0; --m) list.push_back(reader.text());
    }
  }
  if (!reader.complete()) return Error(ErrorKind::bad_message, "the snapshot is damaged");
  return archive;
}

Result<Fd> FileArchive::to_memory_file() const {
  WireWriter writer;
  writer.number(files_.size());
  for (const auto& [path, file] : files_) writer.text(path).number(static_cast<uint64_t>(file.os_errno)).text(file.text);
  for (const Lists* lists : {&globs_, &names_}) {
    writer.number(lists->size());
    for (const auto& [key, list] : *lists) {
      writer.text(key).number(list.size());
      for (const std::string& text : list) writer.text(text);
    }
  }
  return sealed_memory_file("sluice snapshot", writer.bytes());
}

Result<std::string> FileArchive::read(const std::string& absolute_path) {
  auto found = files_.find(absolute_path);
  if (found == files_.end()) return path_error("open", absolute_path, ENOENT);
  const File& file = found->second;
  if (file.os_errno == 0) return file.text;
  ErrorKind kind = file.os_errno == ENOENT ? ErrorKind::not_found : ErrorKind::io;
  return Error(kind, file.text, ErrorSource::internal, file.os_errno);
}

std::vector<std::string> FileArchive::glob(const std::string& pattern) {
  auto found = globs_.find(pattern);
  return found == globs_.end() ? std::vector<std::string>() : found->second;
}

void FileArchive::add(const std::string& path, const Result<std::string>& content) {
  if (content) {
    files_[path] = File{*content, 0};
  } else {
    int error = content.error().os_errno;
    files_[path] = File{content.error().text, error != 0 ? error : EIO};
  }
}

void FileArchive::add_glob(const std::string& pattern, const std::vector<std::string>& paths) { globs_[pattern] = paths; }

Result<std::vector<std::string>> FileArchive::resolve(const std::string& host_and_port, uint16_t) {
  auto found = names_.find(host_and_port);
  if (found == names_.end()) return Error(ErrorKind::not_found, concat("host not found in \"", host_and_port, '"'));
  return found->second;
}

void FileArchive::add_name(const std::string& host_and_port, const std::vector<std::string>& addresses) { names_[host_and_port] = addresses; }

Result<std::string> RecordingFiles::read(const std::string& absolute_path) {
  auto content = source_.read(absolute_path);
  archive_.add(absolute_path, content);
  return content;
}

std::vector<std::string> RecordingFiles::glob(const std::string& pattern) {
  std::vector<std::string> paths = source_.glob(pattern);
  archive_.add_glob(pattern, paths);
  return paths;
}

Result<std::vector<std::string>> RecordingFiles::resolve(const std::string& host_and_port, uint16_t default_port) {
  TRY_ASSIGN(std::vector<std::string> addresses, source_.resolve(host_and_port, default_port));
  archive_.add_name(host_and_port, addresses);
  return addresses;
}

void Libraries::use(std::vector<LibraryCopy> copies) {
  ids_by_path_.clear();
  for (LibraryCopy& copy : copies) {
    ids_by_path_[copy.path] = copy.id;
    fds_by_id_.try_emplace(copy.id, std::move(copy.fd));
  }
  close_unloaded();
}

void Libraries::forget_paths() {
  ids_by_path_.clear();
  close_unloaded();
}

void Libraries::close_unloaded() {
  std::erase_if(fds_by_id_, [this](const auto& entry) {
    auto wanted = [&entry](const auto& path_and_id) { return path_and_id.second == entry.first; };
    if (std::any_of(ids_by_path_.begin(), ids_by_path_.end(), wanted)) return false;
    return !sluice::Library::is_loaded(concat("/proc/self/fd/", entry.second.get()));
  });
}

Result<LibrarySource::Library> Libraries::open(const std::string& path) {
  auto known = ids_by_path_.find(path);
  if (known != ids_by_path_.end()) return Library{fds_by_id_.at(known->second).get(), known->second};
  if (unknown_ == Unknown::read_disk) return copy_from_disk(path);
  return path_error("open", path, ENOENT);
}

Result<LibrarySource::Library> Libraries::copy_from_disk(const std::string& path) {
  TRY_ASSIGN(std::string bytes, read_file(path));
  char id[33];
  content_id(bytes, id);
  auto known = fds_by_id_.find(id);
  if (known == fds_by_id_.end()) {
    TRY_ASSIGN(Fd copy, sealed_memory_file(path.substr(path.rfind('/') + 1), bytes, MemoryFileUse::code));
    known = fds_by_id_.emplace(id, std::move(copy)).first;
  }
  ids_by_path_[path] = id;
  return Library{known->second.get(), id};
}

std::vector<Libraries::Used> Libraries::used() const {
  std::vector<Used> all;
  for (const auto& [path, id] : ids_by_path_) all.push_back({path, id, fds_by_id_.at(id).get()});
  return all;
}

}  // namespace sluice
