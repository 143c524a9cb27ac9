// Whole files: reading, appending, atomic replacement. Errors have nginx's text:
// `open() "path" failed (2: No such file or directory)`. Descriptors have close-on-exec set.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

// path_error describes a failed system call on a path: `call() "path" failed (N: text)`. ENOENT gives kind not_found.
SLUICE_API Error path_error(std::string_view call, std::string_view path, int errno_value);

// read_file returns the whole content. A directory is an error.
SLUICE_API Result<std::string> read_file(const std::string& path);

// read_all reads from the descriptor's position to the end of the file.
SLUICE_API Result<std::string> read_all(int fd);

// open_append opens a log: made with `mode` when it is missing, every write goes to the end.
Result<Fd> open_append(const std::string& path, mode_t mode = 0644);

// write_file_atomic replaces the file: readers see the old content or the new one, never a part. The file is not synced to disk.
Result<void> write_file_atomic(const std::string& path, std::string_view bytes, mode_t mode = 0644);

// write_all writes every byte; it waits where the descriptor does.
Result<void> write_all(int fd, std::string_view bytes);

}  // namespace sluice
