#include "http/head_scanner.h"

#include "http/byte_class.h"

namespace sluice {

void HeadScanner::reset() {
  position_ = line_start_ = skipped_ = 0;
  begun_ = false;
}

HeadScan HeadScanner::refused(int status, const char* reason) const {
  return {HeadScan::State::refused, 0, refuse(status, reason)};
}

HeadScan HeadScanner::scan(std::string_view block) {
  if (!begun_) {
    if (HeadResult start = check_start(block); !start.ok()) return {HeadScan::State::refused, 0, start};
    if (!begun_) return {};
  }
  const char* data = block.data();
  const char* end = data + block.size();
  for (;;) {
    const char* stop = find_control(data + position_, end);
    position_ = static_cast<size_t>(stop - data);
    if (stop == end) return check_growth(block.size());
    if (*stop != '\r') return refused(400, *stop == '\n' ? "line ends without CR" : "control character in the head");
    if (stop + 1 == end) return check_growth(block.size());
    if (stop[1] != '\n') return refused(400, "CR without LF in the head");
    const size_t line_bytes = position_ - line_start_;
    position_ += 2;
    if (line_bytes == 0) {
      if (position_ - skipped_ > limits_.total_bytes) return refused(431, "head is too large");
      return {HeadScan::State::found, position_, {}};
    }
    if (HeadResult line = check_line(line_bytes); !line.ok()) return {HeadScan::State::refused, 0, line};
    line_start_ = position_;
  }
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
HeadScan HeadScanner::check_growth(size_t bytes) const {
  if (HeadResult line = check_line(position_ - line_start_); !line.ok()) return {HeadScan::State::refused, 0, line};
  if (bytes - skipped_ > limits_.total_bytes) return refused(431, "head is too large");
  return {};
}

}  // namespace sluice
