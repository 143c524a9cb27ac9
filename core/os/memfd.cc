#include "os/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <sluice/os/file.h>

namespace sluice {

namespace {

// Since Linux 6.3 a memory file says whether it may be executed; older kernels refuse the flags, and older headers lack them.
constexpr unsigned kNoExecSeal = 0x0008u, kExec = 0x0010u;
constexpr int kContentSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

Result<void> add_seals(int fd, int seals) {
  if (fcntl(fd, F_ADD_SEALS, seals) != 0) return os_error("fcntl(F_ADD_SEALS)", errno);
  return {};
}

}  // namespace

Result<Fd> make_memory_file(std::string_view name, MemoryFileUse use) {
  std::string label(name.substr(0, 200));
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = memfd_create(label.c_str(), flags | (use == MemoryFileUse::code ? kExec : kNoExecSeal));
  if (fd < 0 && errno == EINVAL) fd = memfd_create(label.c_str(), flags);
  if (fd < 0) return os_error("memfd_create()", errno);
  return Fd(fd);
}

Result<void> seal_memory_file(int fd) {
  return add_seals(fd, kContentSeals | F_SEAL_SEAL);
}
Result<void> seal_memory_file_size(int fd) {
  return add_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW);
}

bool is_sealed(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & kContentSeals) == kContentSeals;
}

Result<Fd> sealed_memory_file(std::string_view name, std::string_view bytes, MemoryFileUse use) {
  TRY_ASSIGN(Fd file, make_memory_file(name, use));
  TRY(write_all(file.get(), bytes));
  TRY(seal_memory_file(file.get()));
  return file;
}

Result<ReadOnlyMapping> ReadOnlyMapping::map(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return os_error("fstat()", errno);
  if (status.st_size == 0) return ReadOnlyMapping();
  auto size = static_cast<size_t>(status.st_size);
  void* start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (start == MAP_FAILED) return os_error("mmap()", errno);
  return ReadOnlyMapping(std::string_view(static_cast<char*>(start), size));
}

ReadOnlyMapping::ReadOnlyMapping(ReadOnlyMapping&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

ReadOnlyMapping& ReadOnlyMapping::operator=(ReadOnlyMapping&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

ReadOnlyMapping::~ReadOnlyMapping() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace sluice
