// HeadScanner: finds where a message head ends in bytes that arrive in pieces, and refuses what can never become a head.
//
// It reads every byte once, however small the pieces are, and stores nothing: the caller keeps the bytes. It accepts lines
// that end in CRLF only (a bare LF, a CR without LF, NUL and other control bytes but HTAB are refused, stricter than
// RFC 9112 section 2.2 allows), one CRLF before a request line, and no first byte that can't begin the message, so that a
// TLS ClientHello on a plain port is refused at its first byte. The grammar inside the lines is the parser's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/head_result.h"

namespace sluice {

struct HeadScan {
  enum class State : uint8_t { need_more, found, refused };
  State state = State::need_more;
  size_t end = 0;      // found: one past the head's last byte, counted from the start of the block
  HeadResult refusal;  // refused: why
};

class HeadScanner final {
 public:
  // What may grow before the head is complete. A first line over its limit answers 414, everything else 431.
  struct Limits {
    uint32_t first_line_bytes = 8192 + 128;  // a target of 8192, a method and a version
    uint32_t line_bytes = 8192;
    uint32_t total_bytes = 32768;
  };
  enum class Kind : uint8_t { request, response };

  HeadScanner(Kind kind, const Limits& limits) : kind_(kind), limits_(limits) {}

  // scan looks at the block from where it stopped. The block is everything received since the message began: it only
  // grows, and may move in memory between calls. After found or refused: reset() before the next message.
  HeadScan scan(std::string_view block);
  // skipped is how many bytes before the head are not part of it: 0, or 2 for one leading CRLF. The head is
  // block[skipped(), end).
  size_t skipped() const { return skipped_; }
  // started is false while nothing of a head has come: the connection is idle.
  bool started() const { return position_ > skipped_; }
  void reset();

 private:
  enum class Line : uint8_t { ended, head_ended, incomplete, refused };

  Line scan_lines(std::string_view block, HeadResult& why);
  void skip_ordinary_lines(std::string_view block);
  Line end_line(std::string_view block, size_t at, HeadResult& why);
  HeadResult check_growth(size_t bytes) const;
  HeadResult check_start(std::string_view block);
  HeadResult check_line(size_t bytes) const;

  Kind kind_;
  Limits limits_;
  size_t position_ = 0;    // the first byte that was not judged yet
  size_t line_start_ = 0;
  size_t skipped_ = 0;
  bool begun_ = false;     // the first byte was checked
};

}  // namespace sluice
