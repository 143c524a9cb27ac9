// ResponseSpool: what of a response has come from the peer and is not with the client yet: first in, first out; in memory up to a limit,
// then in a temporary file up to another. Writing to the file goes to the page cache and does not wait for the disk.
//
//     add -> [memory] -> take_memory          add -> [file] -> read_file or the file itself        memory is older than the file
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

class ResponseSpool {
 public:
  struct Limits {
    size_t memory_bytes;
    uint64_t file_bytes;  // 0: no file
    const std::string* directory;
  };
  explicit ResponseSpool(const Limits& limits) : limits_(limits) {}

  bool empty() const { return memory_.empty() && file_left() == 0 && tail_.empty(); }
  // full: nothing more should be added until something was taken. One piece beyond the limit always fits.
  bool full() const {
    const bool memory_full = memory_.size() >= limits_.memory_bytes;
    if (trouble_) return memory_full || file_left() > 0;
    return limits_.file_bytes == 0 ? memory_full : (memory_full || file_left() > 0) && written_ >= limits_.file_bytes;
  }
  void add(std::string_view bytes);
  // take_trouble tells once why there is no file any more (it cannot be made, the disk is full): from then on there is memory alone.
  std::string take_trouble() { return std::exchange(trouble_text_, {}); }

  bool has_memory() const { return !memory_.empty(); }
  // take_memory gives what lies in memory and forgets it.
  std::string take_memory() { return std::exchange(memory_, {}); }
  int file() const { return file_.get(); }
  uint64_t file_offset() const { return taken_; }
  uint64_t file_left() const { return written_ - taken_; }
  // take_file forgets so many bytes at the front of the file.
  void take_file(uint64_t bytes);

 private:
  Result<void> write(std::string_view bytes);

  Limits limits_;
  std::string memory_;
  Fd file_;
  uint64_t written_ = 0;
  uint64_t taken_ = 0;
  std::string tail_;       // behind the file: what could not be written
  bool trouble_ = false;
  std::string trouble_text_;
};

}  // namespace sluice
