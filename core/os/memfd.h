// Memory files: anonymous files (memfd_create) that hold snapshots, zones and large messages, passed between processes as descriptors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

// What a memory file may be used for: code can be mapped executable (shared objects), data cannot.
enum class MemoryFileUse { data, code };

// make_memory_file makes an empty, sealable memory file. `name` is what /proc shows; close-on-exec is set.
Result<Fd> make_memory_file(std::string_view name, MemoryFileUse use = MemoryFileUse::data);

// seal_memory_file makes content and size unchangeable for every process, for ever.
Result<void> seal_memory_file(int fd);
// seal_memory_file_size forbids shrinking and growing only, so that a mapping of it can never fault.
Result<void> seal_memory_file_size(int fd);
// is_sealed tells whether content and size can't change any more; check it before trusting a memory file of another process.
bool is_sealed(int fd);

// sealed_memory_file makes one that holds `bytes`, and seals it.
Result<Fd> sealed_memory_file(std::string_view name, std::string_view bytes,
                              MemoryFileUse use = MemoryFileUse::data);

// ReadOnlyMapping: a whole file mapped read-only. The descriptor may be closed afterwards.
class ReadOnlyMapping {
 public:
  static Result<ReadOnlyMapping> map(int fd);
  ReadOnlyMapping() = default;
  ReadOnlyMapping(ReadOnlyMapping&& other) noexcept;
  ReadOnlyMapping& operator=(ReadOnlyMapping&& other) noexcept;
  ~ReadOnlyMapping();

  std::string_view bytes() const { return bytes_; }  // valid while this object lives

 private:
  explicit ReadOnlyMapping(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace sluice
