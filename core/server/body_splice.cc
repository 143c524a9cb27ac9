// The long rest of a body that nobody looks at passes from socket to socket inside the kernel, in either direction.

#include "net/splice.h"
#include "server/exchange_runtime.h"

namespace sluice {

bool ExchangeRuntime::splices_response(uint64_t bytes) const {
  return bytes >= kSpliceFrom && response_framing_ == BodyFraming::length && response_left_ == bytes && head_sent_ && body_allowed_ &&
         !response_finished_ && filter_count_ == 0 && pacer_ == nullptr;
}

Task<Spliced> ExchangeRuntime::splice_response(Stream& from, Milliseconds read_timeout, Milliseconds slow_after) {
  Spliced result;
  auto flushed = co_await flush();
  if (flushed) {
    result = co_await splice_bytes(from, stream_, response_left_, {read_timeout, location_->core.send_timeout, slow_after, &body_bytes_sent_});
  } else {
    result.end = Spliced::End::target_failed;
    result.error = std::move(flushed.error());
  }
  response_left_ -= result.bytes;
  response_finished_ = response_left_ == 0;
  if (result.end == Spliced::End::target_failed) {
    aborted_ = true;
    result.error.source = ErrorSource::client;
  }
  co_return result;
}

bool ExchangeRuntime::splices_body() const {
  return body_left_ >= kSpliceFrom && request_.framing == BodyFraming::length && input_.empty() &&
         (body_state_ == BodyState::unread || body_state_ == BodyState::streaming) && (!request_.expect_continue || continue_sent_);
}

Task<Spliced> ExchangeRuntime::splice_body(Stream& to, Milliseconds write_timeout, uint64_t& moved) {
  body_state_ = BodyState::streaming;
  // What has left the client's socket is gone from the body, whether or not the other side took it: also when this is cancelled.
  struct Taken {
    ExchangeRuntime& exchange;
    uint64_t before = exchange.stream_.bytes_read();
    explicit Taken(ExchangeRuntime& of) : exchange(of) {}
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ~Taken() {
      const uint64_t bytes = exchange.stream_.bytes_read() - before;
      exchange.body_left_ -= bytes;
      exchange.body_received_ += bytes;
      if (exchange.body_left_ == 0) exchange.body_state_ = BodyState::streamed;
    }
  };
  Spliced result;
  {
    Taken taken(*this);
    result = co_await splice_bytes(stream_, to, body_left_, {location_->core.client_body_timeout, write_timeout, Milliseconds{0}, &moved});
  }
  if (result.end == Spliced::End::source_ended) result.error = Error(ErrorKind::closed, "client prematurely closed connection");
  if (result.end == Spliced::End::source_ended || result.end == Spliced::End::source_failed) {
    result.error.source = ErrorSource::client;
    keep_connection_ = false;
  }
  co_return result;
}

}  // namespace sluice
