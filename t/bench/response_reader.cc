#include "response_reader.h"

#include <algorithm>
#include <charconv>

#include "head.h"

namespace sluice::bench {

namespace {

constexpr size_t kLongestHead = 65536;

}  // namespace

std::string_view ResponseReader::take(std::string_view& bytes) {
  switch (state_) {
    case State::kHead: take_head(bytes); break;
    case State::kBody: return take_body(bytes, State::kDone);
    case State::kUntilEnd: left_ = bytes.size(); return take_body(bytes, State::kUntilEnd);
    case State::kChunk: return take_body(bytes, State::kChunkEnd);
    case State::kChunkSize:
    case State::kChunkEnd:
    case State::kTrailer: take_line(bytes); break;
    case State::kDone:
    case State::kBroken: break;
  }
  return {};
}

bool ResponseReader::end() {
  if (state_ == State::kUntilEnd) state_ = State::kDone;
  return done();
}

void ResponseReader::begin() {
  state_ = State::kHead;
  kept_.clear();
  status_ = 0;
  body_bytes_ = 0;
  closes_ = false;
}

// A head that arrives in one piece, as nearly all do, is read where it lies.
void ResponseReader::take_head(std::string_view& bytes) {
  const size_t already = kept_.size();
  const std::string_view seen = already == 0 ? bytes : std::string_view(kept_.append(bytes));
  const size_t end = seen.find("\r\n\r\n", already < 3 ? 0 : already - 3);
  if (end == std::string_view::npos) {
    if (already == 0) kept_ = bytes;
    bytes = {};
    if (kept_.size() > kLongestHead) state_ = State::kBroken;
    return;
  }
  bytes.remove_prefix(end + 4 - already);
  on_head(seen.substr(0, end + 2));
  kept_.clear();
}

void ResponseReader::on_head(std::string_view head) {
  state_ = State::kBroken;
  if (head.size() < 12 || head.substr(0, 7) != "HTTP/1.") return;
  if (std::from_chars(head.data() + 9, head.data() + 12, status_).ptr != head.data() + 12) return;
  if (status_ < 200 && status_ != 101) return begin();
  closes_ = is_token(field(head, "Connection"), "close");
  const std::string_view length = field(head, "Content-Length");
  left_ = 0;
  if (status_ == 101 || status_ == 204 || status_ == 304) {
    state_ = State::kDone;
  } else if (is_token(field(head, "Transfer-Encoding"), "chunked")) {
    state_ = State::kChunkSize;
  } else if (length.empty()) {
    state_ = State::kUntilEnd;
    closes_ = true;
  } else if (std::from_chars(length.data(), length.data() + length.size(), left_).ptr == length.data() + length.size()) {
    state_ = left_ == 0 ? State::kDone : State::kBody;
  }
}

// take_line: what BYTES add to a line; if that ends it, on_line().
void ResponseReader::take_line(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  const size_t part = end == std::string_view::npos ? bytes.size() : end + 1;
  kept_.append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  if (kept_.size() > kLongestHead) state_ = State::kBroken;
  if (end == std::string_view::npos) return;
  on_line(kept_);
  kept_.clear();
}

void ResponseReader::on_line(std::string_view line) {
  if (state_ == State::kChunkSize)
    on_chunk_size(line);
  else if (state_ == State::kChunkEnd)
    state_ = line == "\r\n" ? State::kChunkSize : State::kBroken;
  else if (line == "\r\n")
    state_ = State::kDone;
}

void ResponseReader::on_chunk_size(std::string_view line) {
  const auto [after, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  if (error != std::errc() || (*after != '\r' && *after != ';'))
    state_ = State::kBroken;
  else
    state_ = left_ == 0 ? State::kTrailer : State::kChunk;
}

std::string_view ResponseReader::take_body(std::string_view& bytes, State next) {
  const std::string_view piece = bytes.substr(0, size_t(std::min<uint64_t>(left_, bytes.size())));
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  body_bytes_ += piece.size();
  if (left_ == 0) state_ = next;
  return piece;
}

}  // namespace sluice::bench
