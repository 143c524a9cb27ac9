// HeadWriter: serialises a message head into arena memory, once, from its front to its end.
//
// It appends to one buffer of the estimated size; when that was too small, it moves to one of twice the size. No field that
// could break the message is ever written: a name that is no token or a value with CR, LF or NUL is left out and reported.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include <sluice/base/arena.h>
#include <sluice/http/message.h>

namespace sluice {

class HeadWriter final {
 public:
  // The arena must outlive what view() gives.
  HeadWriter(Arena& arena, size_t estimate);
  HeadWriter(const HeadWriter&) = delete;
  HeadWriter& operator=(const HeadWriter&) = delete;

  // append writes bytes that the caller vouches for: prepared fragments, checked lines.
  void append(std::string_view bytes) {
    if (bytes.size() > static_cast<size_t>(end_ - to_)) [[unlikely]] grow(bytes.size());
    if (!bytes.empty()) std::memcpy(to_, bytes.data(), bytes.size());
    to_ += bytes.size();
  }
  void append(char byte) { append(std::string_view(&byte, 1)); }
  void append_number(uint64_t number);

  // write_request_line writes "GET /x HTTP/1.1" and CRLF. REQUIRES: a method and a target without SP and control bytes.
  void write_request_line(std::string_view method, std::string_view target, HttpVersion version);
  // write_status_line writes a prepared line for HTTP/1.1 with a standard phrase. An empty reason means the standard phrase;
  // an unsafe one is replaced by it. Other codes than 100..999 are written as 500.
  void write_status_line(HttpVersion version, int status, std::string_view reason = {});

  // write_field writes "Name: value" and CRLF. False, and nothing written, when name or value is not fit to be sent.
  bool write_field(HeaderId id, std::string_view value);
  bool write_field(std::string_view name, std::string_view value);
  bool write_field(const Header& field);
  void write_field(HeaderId id, uint64_t number);
  // write_end writes the empty line.
  void write_end() { append("\r\n"); }

  // view is everything written so far. It stays valid until the next write, and the last one as long as the arena.
  std::string_view view() const { return {start_, static_cast<size_t>(to_ - start_)}; }
  size_t size() const { return static_cast<size_t>(to_ - start_); }

 private:
  void grow(size_t bytes);
  void write_checked(std::string_view name, std::string_view value);

  Arena* arena_;
  char* start_;
  char* to_;
  char* end_;
};

}  // namespace sluice
