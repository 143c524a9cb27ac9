// The response on its way to the client: at once, piece by piece, spliced, or kept for a client that is slower than the peer.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sluice/conf/units.h>

#include "net/splice.h"
#include "server/exchange_runtime.h"
#include "upstream/attempt.h"
#include "upstream/proxy_handler.h"
#include "upstream/tunnel_attempt.h"
#include "upstream/upstream_group.h"

namespace sluice {

namespace {

// A client that needs longer for a pipe's worth of bytes is slower than the peer: from then on the rest is kept for it.
constexpr Milliseconds kSlowAfter{100};

}  // namespace

Task<Outcome> Attempt::relay(const PeersInUse& peers) {
  handler_.copy_response(exchange_, *response_);
  if (response_->status == 101) return tunnel(peers);
  switch (response_->framing) {
    case BodyFraming::chunked: {
      Headers* trailers = handler_.conf().pass_trailers ? &exchange_.response_trailers() : nullptr;
      decoder_.emplace(ChunkedLimits{}, exchange_.arena(), trailers);
      break;
    }
    case BodyFraming::length: body_left_ = response_->content_length; break;
    default: break;
  }
  // An upstream asked with HEAD announces a body that it does not send.
  const bool announced_only = outgoing_.method == Method::head && exchange_.request().method != Method::head;
  if (announced_only) response_->content_length = 0;
  const bool sized = response_->framing == BodyFraming::length || announced_only || (response_->framing == BodyFraming::none && response_->headers.has(HeaderId::content_length));
  auto head = exchange_.send_head(sized ? static_cast<int64_t>(response_->content_length) : -1);
  if (!head) {
    exchange_.log_at(LogLevel::error, head.error().text, " while sending response to client");
    return head.error().kind == ErrorKind::cancelled ? Outcome::abort() : Outcome::status(502);
  }
  const bool empty = response_->framing == BodyFraming::none || (response_->framing == BodyFraming::length && body_left_ == 0);
  const bool whole = response_->framing == BodyFraming::length && rest_.size() >= body_left_;
  if (empty || whole) return relay_at_once();
  return relay_body();
}

// A body that has not come whole with the head costs the connection.
void Attempt::drop_response() {
  const bool sized = response_->framing == BodyFraming::length;
  // Bytes behind it are no next response (RFC 9112 section 6.3): who sends them is not asked again.
  const bool whole = response_->framing == BodyFraming::none ? rest_.empty() : sized && rest_.size() == response_->content_length;
  if (whole) return end_upstream();
  exchange_.watch_client(false);
  report(AttemptResult{AttemptResult::Kind::success, response_->status, false});
  sender_.cancel();
  connection_.reset();
}

// relay_at_once: the body came with the head, as most do: no coroutine unless the client is slow.
Task<Outcome> Attempt::relay_at_once() {
  const std::string_view piece = rest_.substr(0, body_left_);
  surplus_ = rest_.size() > piece.size();
  record_.body_bytes += piece.size();
  end_upstream();
  Task<Result<void>> sent = exchange_.send(BodyPiece{piece, true, true});
  if (sent.ready()) return sent.take() ? Outcome::finished() : Outcome::abort();
  return ExchangeRuntime::await_sent(std::move(sent));
}

Task<Outcome> Attempt::relay_body() {
  const Milliseconds timeout = read_timeout();
  std::string_view bytes = rest_;
  bool complete = false;
  plan_relay();
  for (;;) {
    std::string_view piece;
    if (!complete && !bytes.empty()) {
      auto decoded = decode(bytes, complete);
      if (!decoded) {
        exchange_.log_at(LogLevel::error, decoded.error().text, " while reading upstream");
        exchange_.set_error(ErrorKind::bad_message, ErrorSource::upstream, decoded.error().text);
        report(AttemptResult{AttemptResult::Kind::invalid_header, response_->status, true});
        co_return co_await end_early();
      }
      piece = *decoded;
      record_.body_bytes += piece.size();
    }
    if (complete) end_upstream();
    const bool passed = co_await pass_on(piece, complete);
    if (!passed) co_return Outcome::abort();
    if (complete) co_return Outcome::finished();
    if (splices()) {
      auto ended = co_await relay_unseen();
      if (ended) co_return *ended;
      bytes = {};
      if (body_left_ == 0) complete = true;
      if (complete) continue;
    }
    if (limit_rate_ > 0) co_await keep_pace();
    while (draining() && slow_->spool.full()) co_await wait_for_client();

    auto got = co_await connection_->stream().read(clock_.now() + static_cast<Tick>(timeout.count()));
    if (slow_ != nullptr && slow_->failed) co_return Outcome::abort();
    if (!got && got.error().kind == ErrorKind::timeout && patience(timeout)) {
      bytes = {};
      continue;
    }
    // An end that we made ourselves, because the peer took no more of the request, is not the response's.
    const bool given_up = send_error_ && send_error_->kind == ErrorKind::timeout;
    if (!got || client_error_ || (got->empty() && (given_up || response_->framing != BodyFraming::until_close))) {
      const Outcome outcome = cut_off(got ? nullptr : &got.error());
      while (draining()) co_await wait_for_client();
      co_return outcome;
    }
    bytes = {got->data(), got->size()};
    record_.bytes_received += bytes.size();
    if (bytes.empty()) complete = true;
  }
}

// plan_relay decides what a slow client means for the peer, and how fast the peer may be.
void Attempt::plan_relay() {
  const ProxyConf& conf = handler_.conf();
  buffers_ = conf.buffering;
  if (const Header* wish = response_->headers.find(HeaderId::x_accel_buffering); wish != nullptr && (conf.ignored_fields & kSteerBuffering) == 0) {
    if (iequals(wish->value(), "yes")) buffers_ = true;
    else if (iequals(wish->value(), "no")) buffers_ = false;
  }
  if (!conf.limit_rate.empty()) limit_rate_ = parse_size(conf.limit_rate.eval(exchange_)).value_or(0);
}

bool Attempt::splices() const {
  return response_->framing == BodyFraming::length && limit_rate_ == 0 && !draining() && ExchangeRuntime::of(exchange_).splices_response(body_left_);
}

// end_early: the head alone says that there was a response, and the missing end that it was cut off.
Task<Outcome> Attempt::end_early() {
  while (draining()) co_await wait_for_client();
  auto flushed = co_await exchange_.flush();
  (void)flushed;
  co_return Outcome::abort();
}

Task<bool> Attempt::pass_on(std::string_view piece, bool complete) {
  if (draining()) {
    if (complete) return pass_on_last(piece);
    keep(piece);
    return true;
  }
  if (slow_ != nullptr && slow_->failed) return false;
  // With nothing to send the head leaves.
  Task<Result<void>> sending = piece.empty() && !complete ? exchange_.flush() : exchange_.send(BodyPiece{piece, complete, true});
  if (sending.ready()) return sending.take().ok();
  if (!buffers_ || complete) return finish_sending(std::move(sending));
  slow().flow.start(drain(std::move(sending)));
  return true;
}

Task<bool> Attempt::pass_on_last(std::string_view piece) {
  keep(piece);
  while (draining()) co_await wait_for_client();
  if (slow_->failed) co_return false;
  co_return co_await finish_sending(exchange_.finish());
}

Task<bool> Attempt::finish_sending(Task<Result<void>> sending) {
  auto sent = co_await std::move(sending);
  co_return sent.ok();
}

// A disk that takes no more makes the upstream wait for the client.
void Attempt::keep(std::string_view piece) {
  if (piece.empty()) return;
  ResponseSpool& spool = slow().spool;
  spool.add(piece);
  if (const std::string trouble = spool.take_trouble(); !trouble.empty()) exchange_.log_at(LogLevel::crit, trouble, " while reading upstream");
}

Attempt::SlowClient& Attempt::slow() {
  const ProxyConf& conf = handler_.conf();
  if (slow_ == nullptr) slow_ = std::make_unique<SlowClient>(ResponseSpool::Limits{conf.buffers_bytes, conf.max_temp_file_size, &conf.temp_path});
  return *slow_;
}

Task<void> Attempt::drain(Task<Result<void>> sending) {
  ResponseSpool& spool = slow_->spool;
  auto sent = co_await std::move(sending);
  while (sent && !spool.empty()) {
    if (spool.has_memory()) {
      const std::string bytes = spool.take_memory();
      sent = co_await exchange_.send(BodyPiece{bytes, false, true});
    } else {
      sent = co_await drain_file(spool);
    }
    slow_->drained.set();
  }
  if (!sent) {
    slow_->failed = true;
    if (connection_ != nullptr) connection_->stream().interrupt();
  }
  slow_->drained.set();
}

// drain_file sends some of the file: from there if nobody looks at the bytes.
Task<Result<void>> Attempt::drain_file(ResponseSpool& spool) {
  constexpr uint64_t kCallBytes = 512 * 1024;
  if (exchange_.can_send_file()) {
    const uint64_t bytes = std::min(spool.file_left(), kCallBytes);
    auto sent = co_await exchange_.send_file(spool.file(), spool.file_offset(), bytes);
    spool.take_file(bytes);
    co_return sent;
  }
  std::string piece(std::min<uint64_t>(spool.file_left(), Stream::kScratchBytes), '\0');
  const ssize_t got = ::pread(spool.file(), piece.data(), piece.size(), static_cast<off_t>(spool.file_offset()));
  if (got <= 0) co_return os_error("pread()", got < 0 ? errno : EIO);
  spool.take_file(static_cast<uint64_t>(got));
  co_return co_await exchange_.send(BodyPiece{std::string_view(piece.data(), static_cast<size_t>(got)), false, true});
}

Task<void> Attempt::wait_for_client() {
  slow_->drained.clear();
  co_await slow_->drained.wait();
}

// keep_pace waits until the bytes so far are no more than proxy_limit_rate allows.
Task<void> Attempt::keep_pace() {
  const auto due_us = static_cast<int64_t>(record_.bytes_received * 1'000'000 / limit_rate_);
  const int64_t ahead_ms = (due_us - (elapsed_us() - record_.header_us)) / 1000;
  if (ahead_ms > 0) co_await sleep_for(Milliseconds{ahead_ms});
}

// relay_unseen passes on the long rest of a body whose bytes nobody wants to see.
Task<std::optional<Outcome>> Attempt::relay_unseen() {
  Stream& stream = connection_->stream();
  for (;;) {
    unseen_from_ = exchange_.body_bytes_sent();
    Spliced through = co_await ExchangeRuntime::of(exchange_).splice_response(stream, read_timeout(), buffers_ ? kSlowAfter : Milliseconds{0});
    count_unseen();
    body_left_ -= through.bytes;
    switch (through.end) {
      case Spliced::End::complete:
        // Exactly the body was read: whether something stands behind it is still to be seen.
        // A read at the end of the stream brings no bytes.
        if (stream.readable_hint()) {
          auto more = stream.try_read(Stream::scratch());
          surplus_ = more && more->ok() && !(*more)->empty();
        }
        end_upstream();
        co_return Outcome::finished();
      case Spliced::End::target_slow:
        keep_rest(through.rest);
        co_return std::nullopt;
      case Spliced::End::target_failed: co_return Outcome::abort();
      case Spliced::End::source_ended: co_return cut_off(nullptr);
      case Spliced::End::source_failed:
        if (through.error.kind == ErrorKind::timeout && patience(read_timeout())) continue;
        co_return cut_off(&through.error);
    }
  }
}

// keep_rest: what a slow client left in the pipe is the first that is kept.
void Attempt::keep_rest(std::string_view rest) {
  record_.bytes_received += rest.size();
  record_.body_bytes += rest.size();
  body_left_ -= rest.size();
  keep(rest);
  slow().flow.start(drain(Task<Result<void>>(Result<void>())));
}

void Attempt::count_unseen() {
  if (!unseen_from_) return;
  const uint64_t bytes = exchange_.body_bytes_sent() - *std::exchange(unseen_from_, std::nullopt);
  record_.bytes_received += bytes;
  record_.body_bytes += bytes;
}

Outcome Attempt::cut_off(const Error* error) {
  if (client_error_) {
    log_client_error();
    return Outcome::abort();
  }
  const bool late = error != nullptr && error->kind == ErrorKind::timeout;
  const std::string_view what = late               ? "upstream timed out (110: Connection timed out)"
                                : error != nullptr ? std::string_view(error->text)
                                                   : "upstream prematurely closed connection";
  exchange_.log_at(LogLevel::error, what, " while reading upstream");
  exchange_.set_error(late ? ErrorKind::timeout : ErrorKind::closed, ErrorSource::upstream, "the response was cut off");
  report(AttemptResult{late ? AttemptResult::Kind::timeout : AttemptResult::Kind::io_error, response_->status, true});
  return Outcome::abort();
}

Result<std::string_view> Attempt::decode(std::string_view bytes, bool& complete) {
  if (response_->framing == BodyFraming::until_close) return bytes;
  if (response_->framing == BodyFraming::length) {
    const std::string_view piece = bytes.substr(0, body_left_);
    body_left_ -= piece.size();
    surplus_ = bytes.size() > piece.size();
    complete = body_left_ == 0;
    return piece;
  }
  // The chunks of one read are moved together, so that they leave as one piece. The memory is ours: the scratch or buffer_.
  char* start = const_cast<char*>(bytes.data());
  char* end = start;
  size_t used = 0;
  for (;;) {
    auto step = decoder_->next(bytes.substr(used));
    used += step.consumed;
    if (step.event == ChunkedDecoder::Event::data) {
      // The first chunk stays where it is.
      if (end == start) start = end = const_cast<char*>(step.data.data());
      if (end != step.data.data()) std::memmove(end, step.data.data(), step.data.size());
      end += step.data.size();
      continue;
    }
    if (step.event == ChunkedDecoder::Event::refused) {
      return Error(ErrorKind::bad_message, concat("upstream sent invalid chunked response (", step.refusal.reason, ")"), ErrorSource::upstream);
    }
    complete = step.event == ChunkedDecoder::Event::done;
    surplus_ = complete && used < bytes.size();
    return std::string_view(start, static_cast<size_t>(end - start));
  }
}

// end_upstream: the response is complete. The connection goes back before the client has taken the last bytes.
void Attempt::end_upstream() {
  exchange_.watch_client(false);
  report(AttemptResult{AttemptResult::Kind::success, response_->status, false});
  const bool reusable = response_->keep_alive && body_sent_ && !surplus_ && response_->framing != BodyFraming::until_close && !handler_.conf().http10;
  sender_.cancel();
  if (surplus_) exchange_.log_at(LogLevel::warn, "upstream sent more data than its response announced");
  if (reusable) pool_.put(std::move(connection_), group_.keepalive);
  else connection_.reset();
}

Task<Outcome> Attempt::tunnel(const PeersInUse& peers) {
  exchange_.response().headers.set(HeaderId::upgrade, "websocket");
  auto opened = co_await exchange_.open_tunnel(connection_->stream(), rest_, read_timeout());
  if (!opened) {
    report(AttemptResult{AttemptResult::Kind::success, 101, false});
    co_return Outcome::abort();
  }
  // The peer is busy with this request until the tunnel ends.
  reported_ = true;
  co_return exchange_.keep_tunnel(std::make_unique<TunnelAttempt>(request_, group_, peers, pool_, connection_->release_stream(), record_,
                                                                  started_us_),
                                  read_timeout());
}

}  // namespace sluice
