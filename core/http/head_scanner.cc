#include "http/head_scanner.h"

#include <algorithm>

#include "http/byte_class.h"

namespace sluice {

void HeadScanner::reset() {
  position_ = line_start_ = skipped_ = 0;
  begun_ = false;
}

HeadScan HeadScanner::scan(std::string_view block) {
  if (!begun_) {
    if (HeadResult start = check_start(block); !start.ok()) return {HeadScan::State::refused, 0, start};
    if (!begun_) return {};
  }
  HeadResult why;
  switch (scan_lines(block, why)) {
    case Line::head_ended:
      return {HeadScan::State::found, position_, {}};
    case Line::refused:
      return {HeadScan::State::refused, 0, why};
    default:
      break;
  }
  why = check_growth(block.size());
  return {why.ok() ? HeadScan::State::need_more : HeadScan::State::refused, 0, why};
}

// scan_lines walks over the line ends, one at a time, after the ordinary lines were skipped.
HeadScanner::Line HeadScanner::scan_lines(std::string_view block, HeadResult& why) {
  // A block this small has no line over a limit.
  if (block.size() <= std::min(limits_.first_line_bytes, limits_.line_bytes)) skip_ordinary_lines(block);
  for (;;) {
    const char* const stop = find_control(block.data() + position_, block.data() + block.size());
    position_ = static_cast<size_t>(stop - block.data());
    if (position_ == block.size()) return Line::incomplete;
    const Line line = end_line(block, position_, why);
    if (line != Line::ended) return line;
  }
}

// skip_ordinary_lines passes 64 bytes at a time without a branch per line, as long as every control byte in them belongs to a
// CRLF and no line is empty. It stops before the 64 bytes that need a closer look.
void HeadScanner::skip_ordinary_lines(std::string_view block) {
  constexpr uint64_t kLast = uint64_t{1} << 63;
  while (block.size() - position_ >= 64) {
    LineBits bits = line_bits(block.data() + position_);
    size_t bytes = 64;
    if ((bits.cr & kLast) != 0) {  // its LF is not among the 64: leave it for the next
      bits.cr &= ~kLast;
      bits.control &= ~kLast;
      bytes = 63;
    }
    const uint64_t line_starts = bits.lf << 1 | (position_ == line_start_ ? 1u : 0u);
    if (bits.control != (bits.cr | bits.lf) || bits.lf != bits.cr << 1 || (bits.cr & line_starts) != 0) return;
    if (bits.lf != 0) line_start_ = position_ + 64 - static_cast<size_t>(__builtin_clzll(bits.lf));
    position_ += bytes;
  }
}

// end_line judges the control byte at `at`, which should be the CR of a line end, and moves behind it.
HeadScanner::Line HeadScanner::end_line(std::string_view block, size_t at, HeadResult& why) {
  const auto refused = [&](int status, const char* reason) {
    why = refuse(status, reason);
    return Line::refused;
  };
  position_ = at;
  if (block[at] != '\r') {
    return refused(400, block[at] == '\n' ? "line ends without CR" : "control character in the head");
  }
  if (at + 1 == block.size()) return Line::incomplete;
  if (block[at + 1] != '\n') return refused(400, "CR without LF in the head");
  const size_t line_bytes = at - line_start_;
  position_ = at + 2;
  if (line_bytes == 0) {
    return position_ - skipped_ > limits_.total_bytes ? refused(431, "head is too large") : Line::head_ended;
  }
  why = check_line(line_bytes);
  line_start_ = position_;
  return why.ok() ? Line::ended : Line::refused;
}

// check_start skips one CRLF before a request and judges the first byte of the message.
HeadResult HeadScanner::check_start(std::string_view block) {
  if (kind_ == Kind::request && skipped_ == 0 && !block.empty() && block[0] == '\r') {
    if (block.size() == 1) return {};
    if (block[1] != '\n') return refuse(400, "CR without LF before the request line");
    skipped_ = position_ = line_start_ = 2;
  }
  if (block.size() <= skipped_) return {};
  const char first = block[skipped_];
  if (kind_ == Kind::request && !byte_is(first, kToken)) return refuse(400, "request line does not begin with a method");
  if (kind_ == Kind::response && first != 'H') return refuse(400, "status line does not begin with HTTP");
  begun_ = true;
  return {};
}

HeadResult HeadScanner::check_line(size_t bytes) const {
  const bool first = line_start_ == skipped_;
  if (first && bytes > limits_.first_line_bytes) return refuse(414, "first line is too long");
  if (!first && bytes > limits_.line_bytes) return refuse(431, "header line is too long");
  return {};
}

// check_growth judges an incomplete head, so that an endless line ends early.
HeadResult HeadScanner::check_growth(size_t bytes) const {
  if (HeadResult line = check_line(position_ - line_start_); !line.ok()) return line;
  return bytes - skipped_ > limits_.total_bytes ? refuse(431, "head is too large") : HeadResult();
}

}  // namespace sluice
