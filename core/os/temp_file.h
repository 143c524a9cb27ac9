// Temporary files: bodies that are too large for memory. Writes go to the page cache: they do not wait for the disk.
#pragma once

#include <string>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

// open_temp_file opens a file without a name (O_TMPFILE, or one that is removed at once) in the directory, for reading and writing.
// Errors: nginx's open() text.
Result<Fd> open_temp_file(const std::string& directory);

// open_named_temp_file makes a file with a new name in the directory and puts its path into `path`. Mode 0600.
Result<Fd> open_named_temp_file(const std::string& directory, std::string& path);

// make_temp_directory makes the directory, with its parents, writable for everybody like /tmp, unless it is there.
Result<void> make_temp_directory(const std::string& directory);

// write_at writes all bytes at an offset.
Result<void> write_at(int fd, std::string_view bytes, uint64_t offset);

}  // namespace sluice
