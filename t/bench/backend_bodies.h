// The backend's responses: sizes that are asked for by name.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

std::string make_head(int status, uint64_t length);

// A response on its way: a head, and a body of LENGTH bytes that repeats BLOCK. Its texts belong to others.
struct Response {
  std::string_view head = {};
  std::string_view block = {};
  uint64_t length = 0;
  uint64_t sent = 0;  // of the body

  bool empty() const { return head.empty() && sent == length; }

  // next: what is to be sent now, as two pieces.
  void next(iovec (&pieces)[2]) const;

  // skip: BYTES of what next() gave have been sent.
  void skip(size_t bytes);
};

// Text of a known pattern, so that a proxy's damage can be seen; what is longer than a megabyte repeats it.
class Bodies {
 public:
  Bodies();

  // find: the response to PATH: /64, /128, /16k, /1m, /16m, /64m; 128 bytes for any other.
  Response find(std::string_view path) const;

 private:
  struct Entry {
    std::string_view path;
    uint64_t bytes;
    std::string head = {};
  };
  std::string text_;
  Entry entries_[6] = {{"/64", 64},
                       {"/128", 128},
                       {"/16k", 16384},
                       {"/1m", uint64_t(1) << 20},
                       {"/16m", uint64_t(16) << 20},
                       {"/64m", uint64_t(64) << 20}};
};

}  // namespace sluice::bench
