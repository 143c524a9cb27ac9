#include "http/chunked.h"

#include <algorithm>
#include <cstring>

#include "http/byte_class.h"
#include "http/head_fields.h"

namespace sluice {

namespace {

constexpr uint8_t kMaxSizeDigits = 16;
constexpr uint64_t kMaxSize = INT64_MAX;
constexpr uint32_t kFirstTrailerBytes = 256;

bool is_forbidden_trailer(HeaderId id) { return id != HeaderId::unknown && id != HeaderId::etag; }

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view in) {
  size_t at = 0;
  while (state_ != State::done) {
    if (at == in.size()) return {Event::need_more, at, {}, {}};
    if (state_ == State::data) {
      const auto bytes = static_cast<size_t>(std::min<uint64_t>(remaining_, in.size() - at));
      remaining_ -= bytes;
      if (remaining_ == 0) state_ = State::data_cr;
      return {Event::data, at + bytes, in.substr(at, bytes), {}};
    }
    if (HeadResult r = feed(in[at]); !r.ok()) return {Event::refused, at, {}, r};
    ++at;
  }
  return {Event::done, at, {}, {}};
}

// feed takes one byte of framing.
HeadResult ChunkedDecoder::feed(char c) {
  switch (state_) {
    case State::size_start:
    case State::size:
      return feed_size(c);
    case State::size_lf:
      if (c != '\n') return refuse(400, "CR without LF after a chunk size");
      state_ = remaining_ == 0 ? State::trailer_start : State::data;
      return {};
    case State::data_cr:
      if (c != '\r') return refuse(400, "chunk data is longer than its size");
      state_ = State::data_lf;
      return {};
    case State::data_lf:
      if (c != '\n') return refuse(400, "CR without LF after chunk data");
      state_ = State::size_start;
      size_digits_ = 0;
      return {};
    case State::trailer_start:
    case State::trailer_line:
    case State::trailer_lf:
    case State::final_lf:
      return feed_trailer(c);
    default:
      return feed_extension(c);
  }
}

HeadResult ChunkedDecoder::feed_size(char c) {
  const int digit = hex_value(c);
  if (digit < 0) {
    if (size_digits_ == 0) return refuse(400, "no chunk size");
    if (c == ';') ++extension_bytes_;
    return after_size_byte(c);
  }
  if (++size_digits_ > kMaxSizeDigits || remaining_ > (kMaxSize >> 4)) return refuse(400, "chunk size is too large");
  remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
  state_ = State::size;
  return {};
}

// after_size_byte takes what may follow a size, an extension name or an extension value.
HeadResult ChunkedDecoder::after_size_byte(char c) {
  if (c == '\r') {
    state_ = State::size_lf;
  } else if (c == ';') {
    state_ = State::extension_start;
  } else {
    return refuse(400, "invalid character after a chunk size");
  }
  return {};
}

HeadResult ChunkedDecoder::feed_extension(char c) {
  const bool token = byte_is(c, kToken);
  if (c != '\r' && ++extension_bytes_ > limits_.extension_bytes) return refuse(431, "chunk extensions are too long");
  switch (state_) {
    case State::extension_start:
      if (!token) return refuse(400, "invalid chunk extension");
      state_ = State::extension_name;
      return {};
    case State::extension_name:
      if (token) return {};
      if (c != '=') return after_size_byte(c);
      state_ = State::value_start;
      return {};
    case State::value_start:
      if (!token && c != '"') return refuse(400, "invalid chunk extension");
      state_ = token ? State::value_token : State::value_quoted;
      return {};
    case State::value_token:
      return token ? HeadResult() : after_size_byte(c);
    case State::value_quoted:
      if (!byte_is(c, kValue)) return refuse(400, "invalid character in a chunk extension");
      if (c == '"') state_ = State::value_end;
      if (c == '\\') state_ = State::value_escape;
      return {};
    case State::value_escape:
      if (!byte_is(c, kValue)) return refuse(400, "invalid character in a chunk extension");
      state_ = State::value_quoted;
      return {};
    default:
      return after_size_byte(c);
  }
}

HeadResult ChunkedDecoder::feed_trailer(char c) {
  switch (state_) {
    case State::trailer_start:
      state_ = c == '\r' ? State::final_lf : State::trailer_line;
      break;
    case State::trailer_line:
      if (c == '\r') state_ = State::trailer_lf;
      break;
    case State::trailer_lf:
      if (c != '\n') return refuse(400, "CR without LF in a trailer");
      state_ = State::trailer_start;
      break;
    default:
      if (c != '\n') return refuse(400, "CR without LF after the last chunk");
      state_ = State::done;
      break;
  }
  if (!byte_is(c, kValue) && c != '\r' && state_ != State::trailer_start && state_ != State::done) {
    return refuse(400, "control character in a trailer");
  }
  const bool empty = trailer_size_ == 0 && (state_ == State::final_lf || state_ == State::done);
  if (empty) return {};
  HeadResult kept = keep_trailer_byte(c);
  if (kept.ok() && state_ == State::done) kept = take_trailers();
  if (!kept.ok()) state_ = State::trailer_start;  // what is refused is never done, even at its last byte
  return kept;
}

HeadResult ChunkedDecoder::keep_trailer_byte(char c) {
  if (trailer_size_ == limits_.trailer_bytes) return refuse(431, "trailers are too large");
  if (trailer_size_ == trailer_capacity_) {
    const uint32_t capacity = trailer_capacity_ == 0 ? kFirstTrailerBytes : trailer_capacity_ * 2;
    char* text = arena_->allocate_chars(capacity);
    if (trailer_size_ != 0) std::memcpy(text, trailer_text_, trailer_size_);
    trailer_text_ = text;
    trailer_capacity_ = capacity;
  }
  trailer_text_[trailer_size_++] = c;
  return {};
}

HeadResult ChunkedDecoder::take_trailers() {
  Headers parsed(*arena_);
  const FieldLimits limits{limits_.trailer_bytes, limits_.max_trailers, false};
  if (HeadResult r = parse_fields({trailer_text_, trailer_size_}, limits, parsed); !r.ok()) return r;
  if (trailers_ == nullptr) return {};
  for (const Header& field : parsed) {
    if (!is_forbidden_trailer(field.id)) trailers_->add(field.id, field.name(), field.value());
  }
  return {};
}

size_t encode_chunk_header(uint64_t size, char out[20]) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const int bits = 64 - __builtin_clzll(size | 1);
  const auto digits = static_cast<size_t>((bits + 3) / 4);
  for (size_t i = digits; i > 0; --i, size >>= 4) out[i - 1] = kDigits[size & 15];
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

}  // namespace sluice
