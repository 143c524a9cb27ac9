// ByteBuffer: bytes of a connection that were received but not consumed yet: a partial head, the start of a body, a
// pipelined request. Empty (and without memory) almost always.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string_view>

#include <sluice/base/check.h>

namespace sluice {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer() { std::free(data_); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  std::string_view view() const { return {data_ + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    reserve(bytes.size());
    std::memcpy(data_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  // consume drops bytes at the front; views into the rest stay valid until the next append.
  void consume(size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // release gives the memory back. REQUIRES: empty().
  void release() {
    CHECK(empty());
    std::free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

 private:
  void reserve(size_t more) {
    if (end_ + more <= capacity_) return;
    if (begin_ > 0) {
      std::memmove(data_, data_ + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      if (end_ + more <= capacity_) return;
    }
    size_t want = capacity_ == 0 ? 4096 : capacity_ * 2;
    while (want < end_ + more) want *= 2;
    data_ = static_cast<char*>(std::realloc(data_, want));
    CHECK(data_ != nullptr);
    capacity_ = want;
  }

  char* data_ = nullptr;
  size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

}  // namespace sluice
