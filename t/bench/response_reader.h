// Reads HTTP/1.1 responses as they arrive (RFC 9112): heads, and bodies by Content-Length, in chunks or until the end of
// the connection. Nothing of a body is kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

class ResponseReader {
 public:
  // take: consumes the front of BYTES up to the end of a piece of the body, which it returns, or as far as it can.
  // REQUIRES: !done() && !broken(). To be called until BYTES is empty or one of these is true.
  std::string_view take(std::string_view& bytes);

  // end: the connection has ended. True when that completes the response.
  bool end();

  // begin: the next response of the connection.
  void begin();

  // started: whether the final head is complete; status() and head() hold from then on.
  bool started() const { return status_ >= 200 || status_ == 101; }
  bool done() const { return state_ == State::kDone; }
  bool broken() const { return state_ == State::kBroken; }
  bool untouched() const { return state_ == State::kHead && kept_.empty(); }

  int status() const { return status_; }
  uint64_t body_bytes() const { return body_bytes_; }

  // closes: the server takes no further request on this connection.
  bool closes() const { return closes_; }

 private:
  enum class State { kHead, kBody, kUntilEnd, kChunkSize, kChunk, kChunkEnd, kTrailer, kDone, kBroken };

  void take_head(std::string_view& bytes);
  void on_head(std::string_view head);
  void take_line(std::string_view& bytes);
  void on_line(std::string_view line);
  void on_chunk_size(std::string_view line);
  std::string_view take_body(std::string_view& bytes, State next);

  State state_ = State::kHead;
  std::string kept_;  // the part of a head or line that has arrived
  int status_ = 0;
  uint64_t left_ = 0;
  uint64_t body_bytes_ = 0;
  bool closes_ = false;
};

}  // namespace sluice::bench
