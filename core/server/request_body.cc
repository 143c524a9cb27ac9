// The request's body: collected whole, streamed in pieces, or thrown away. Bytes come from what arrived with the head (the
// connection's input buffer) first, then from the socket; what lies behind the body stays in the input buffer for the next request.

#include <algorithm>

#include "http/chunked.h"
#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

namespace {

// What a client announces is reserved at once up to here; beyond, memory grows with what arrives.
constexpr uint64_t kReservedBodyBytes = 1024 * 1024;

Error client_error(ErrorKind kind, std::string_view text) { return Error(kind, std::string(text), ErrorSource::client); }

}  // namespace

bool Exchange::has_body() const { return request_.framing != BodyFraming::none; }

std::string_view Exchange::take_body_at_hand() {
  auto& self = ExchangeRuntime::of(*this);
  if (body_state_ != BodyState::unread || request_.framing != BodyFraming::length) return {};
  std::string_view at_hand = self.input_.view().substr(0, self.body_left_);
  if (at_hand.empty()) return {};
  // A view into the input buffer would die with its next append.
  at_hand = arena_.copy(at_hand);
  self.input_.consume(at_hand.size());
  self.body_left_ -= at_hand.size();
  self.body_received_ += at_hand.size();
  // The whole body is kept: a fallback location may have to send it once more.
  if (self.body_left_ == 0) body_ = at_hand;
  body_state_ = self.body_left_ == 0 ? BodyState::buffered : BodyState::streaming;
  return at_hand;
}

Task<Result<void>> Exchange::read_body() {
  if (body_state_ == BodyState::none || body_state_ == BodyState::buffered) return Result<void>();
  if (body_state_ == BodyState::stored) return ExchangeRuntime::of(*this).load_body();
  if (body_state_ != BodyState::unread) return Result<void>(Error(ErrorKind::internal, "the request body was read before"));
  return ExchangeRuntime::of(*this).collect_body();
}

void Exchange::set_body(std::string_view body) {
  body_ = arena_.copy(body);
  body_state_ = BodyState::buffered;
  request_.framing = body.empty() ? BodyFraming::none : BodyFraming::length;
  request_.content_length = body.size();
}

Task<Result<void>> ExchangeRuntime::collect_body() {
  begin_collecting();
  if (request_.framing == BodyFraming::length && body_left_ <= kReservedBodyBytes) {
    // One allocation of the announced size; client_max_body_size was checked when the location was found.
    char* whole = arena_.allocate_chars(body_left_);
    size_t size = 0;
    for (;;) {
      auto piece = co_await next_body_piece();
      if (!piece) co_return std::move(piece.error());
      if (piece->empty()) break;
      std::memcpy(whole + size, piece->data(), piece->size());
      size += piece->size();
    }
    body_ = {whole, size};
  } else {
    std::string whole;
    for (;;) {
      auto piece = co_await next_body_piece();
      if (!piece) co_return std::move(piece.error());
      if (piece->empty()) break;
      whole += *piece;
    }
    body_ = arena_.copy(whole);
    request_.content_length = body_.size();
    request_.framing = BodyFraming::length;
  }
  body_state_ = BodyState::buffered;
  co_return Result<void>();
}

Task<Result<std::string_view>> Exchange::next_body_piece() {
  if (body_state_ == BodyState::none || body_state_ == BodyState::streamed) return Result<std::string_view>(std::string_view());
  body_state_ = BodyState::streaming;
  return ExchangeRuntime::of(*this).read_piece();
}

Task<Result<std::string_view>> ExchangeRuntime::read_piece() {
  for (;;) {
    if (!input_.empty()) {
      bool need_more = false;
      auto piece = decode_piece(input_.view(), true, need_more);
      if (!piece) co_return std::move(piece.error());
      if (!need_more) co_return *piece;
    }
    if (request_.expect_continue && !continue_sent_ && !head_sent_) {
      auto sent = co_await send_continue();
      if (!sent) co_return std::move(sent.error());
    }
    auto got = co_await stream_.read(body_deadline());
    if (!got) {
      if (is_too_slow()) connection_.count_limit(ServerMetrics::Limit::body_rate);
      got.error().source = ErrorSource::client;
      keep_connection_ = false;
      co_return std::move(got.error());
    }
    if (got->empty()) {
      keep_connection_ = false;
      co_return client_error(ErrorKind::closed, "client prematurely closed connection");
    }
    bool need_more = false;
    auto piece = decode_piece({got->data(), got->size()}, false, need_more);
    if (!piece) co_return std::move(piece.error());
    if (!need_more) co_return *piece;
  }
}

// A body that is collected must come at client_body_min_rate from its grace on: each wait ends when what has come is too little by then.
Tick ExchangeRuntime::body_deadline() const {
  const CoreConf& core = location_->core;
  const Tick now = Clock::of_thread().now();
  const Tick silence = now + static_cast<Tick>(core.client_body_timeout.count());
  if (collecting_since_ == 0 || core.client_body_min_rate == 0) return silence;
  return std::min(silence, std::max(now + 1, body_due()));
}

// body_due is when the bytes that have come no longer suffice.
Tick ExchangeRuntime::body_due() const {
  const CoreConf& core = location_->core;
  const auto grace = static_cast<Tick>(core.client_body_grace.count());
  return collecting_since_ + std::max(grace, body_received_ * 1000 / core.client_body_min_rate);
}

bool ExchangeRuntime::is_too_slow() const {
  return collecting_since_ != 0 && location_->core.client_body_min_rate != 0 && Clock::of_thread().now() >= body_due();
}

// decode_piece takes body bytes from the front of `bytes`: a view of them, empty at the end of the body, or need_more. From the
// input buffer what was used is consumed; from the socket what lies behind the body is put into the input buffer.
Result<std::string_view> ExchangeRuntime::decode_piece(std::string_view bytes, bool from_input, bool& need_more) {
  if (request_.framing == BodyFraming::length) {
    std::string_view piece = bytes.substr(0, body_left_);
    body_left_ -= piece.size();
    body_received_ += piece.size();
    if (from_input) input_.consume(piece.size());
    else input_.append(bytes.substr(piece.size()));
    if (body_left_ == 0) body_state_ = BodyState::streamed;
    return piece;
  }
  if (!decoder_) decoder_.emplace(ChunkedLimits{}, arena_);
  size_t used = 0;
  for (;;) {
    auto step = decoder_->next(bytes.substr(used));
    used += step.consumed;
    switch (step.event) {
      case ChunkedDecoder::Event::need_more:
        if (from_input) input_.consume(bytes.size());
        need_more = true;
        return std::string_view();
      case ChunkedDecoder::Event::data: {
        TRY(count_body(step.data.size()));
        if (from_input) input_.consume(used);
        else input_.append(bytes.substr(used));
        return step.data;
      }
      case ChunkedDecoder::Event::done:
        if (from_input) input_.consume(used);
        else input_.append(bytes.substr(used));
        body_state_ = BodyState::streamed;
        return std::string_view();
      case ChunkedDecoder::Event::refused:
        keep_connection_ = false;
        if (step.refusal.status == 431 && !body_refused_) connection_.count_limit(ServerMetrics::Limit::chunk_extras);  // extensions, trailers
        body_refused_ = true;
        return step.refusal.error(ErrorSource::client);
    }
  }
}

Result<void> ExchangeRuntime::count_body(uint64_t bytes) {
  body_received_ += bytes;
  const uint64_t limit = location_->core.client_max_body_size;
  if (limit == 0 || body_received_ <= limit) return {};
  keep_connection_ = false;
  connection_.count_limit(ServerMetrics::Limit::request_body);
  return client_error(ErrorKind::too_large, concat("client intended to send too large chunked body: ", body_received_, " bytes"));
}

Task<Result<void>> ExchangeRuntime::send_continue() {
  continue_sent_ = true;
  parts_[0] = {const_cast<char*>("HTTP/1.1 100 Continue\r\n\r\n"), 25};
  return write_parts(1);
}

Task<bool> ExchangeRuntime::discard_body() {
  if (body_finished()) co_return true;
  // The client may be waiting for a 100 that never came: nobody knows whether its body follows.
  if (request_.expect_continue && !continue_sent_) co_return false;
  const Tick end = loop().now() + static_cast<Tick>(location_->core.lingering_time.count());
  while (!body_finished() && loop().now() < end) {
    auto piece = co_await next_body_piece();
    if (!piece) co_return false;
  }
  co_return body_finished();
}

}  // namespace sluice
