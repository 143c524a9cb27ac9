#include "upstream/attempt.h"

#include <algorithm>

#include <sluice/net/dialer.h>

#include "http/byte_class.h"
#include "http/response_parser.h"
#include "net/splice.h"
#include "server/exchange_runtime.h"
#include "upstream/proxy_handler.h"
#include "upstream/retry_policy.h"
#include "upstream/upstream_group.h"

namespace sluice {

namespace {

constexpr int kMaxInterimHeads = 8;     // passed on
constexpr int kTooManyInterimHeads = 100;
constexpr std::string_view kReadingHeader = "while reading response header from upstream";

// is_interim looks at the first digit of the status: "HTTP/1.1 1..". 101 is among them.
bool is_interim(std::string_view head) {
  constexpr size_t kStatusAt = 9;
  return head.size() > kStatusAt && head[kStatusAt] == '1';
}

AttemptResult::Kind failure_kind(const Error& error) {
  return error.kind == ErrorKind::timeout ? AttemptResult::Kind::timeout : AttemptResult::Kind::io_error;
}

}  // namespace

Attempt::Attempt(const ProxyHandler& handler, UpstreamRequest& request, const UpstreamGroup& group, PeerPool& pool, OutgoingRequest& outgoing)
    : handler_(handler),
      request_(request),
      group_(group),
      exchange_(request.exchange),
      clock_(Clock::of_thread()),
      pool_(pool),
      outgoing_(outgoing),
      record_(exchange_.add_attempt()),
      started_us_(clock_.now_us()) {
  record_.address = request.target.peer != nullptr ? group.name_for(exchange_, *request.target.peer) : request.target.name;
  pool_.begin_use();
  group_.started(request_);
}

Attempt::~Attempt() {
  count_unseen();
  report(AttemptResult{AttemptResult::Kind::client_gone, 0, false});
  pool_.end_use();
}

Milliseconds Attempt::read_timeout() const {
  return request_.read_timeout.count() > 0 ? request_.read_timeout : handler_.conf().read_timeout;
}

Milliseconds Attempt::send_timeout() const {
  return request_.send_timeout.count() > 0 ? request_.send_timeout : handler_.conf().send_timeout;
}

HeadScanner::Limits Attempt::head_limits() const {
  const auto bytes = static_cast<uint32_t>(handler_.conf().buffer_size);
  return {bytes, bytes, bytes};
}

bool Attempt::send_at_once() {
  connection_ = pool_.take();
  if (connection_ == nullptr) return false;
  record_.connect_us = elapsed_us();
  write_request();
  return body_sent_;
}

// write_request gives the socket what it takes now. A failure is no result yet: the peer may have answered and closed before.
void Attempt::write_request() {
  Stream& stream = connection_->stream();
  begun_ = true;
  reused_ = connection_->reused();
  ++connection_->requests;
  iovec parts[2] = {{const_cast<char*>(outgoing_.head.data()), outgoing_.head.size()},
                    {const_cast<char*>(outgoing_.body.data()), outgoing_.body.size()}};
  auto taken = stream.try_write(parts, outgoing_.body.empty() ? 1 : 2);
  last_sent_ = clock_.now();
  if (!taken) {
    send_error_ = std::move(taken.error());
    stream.assume_readable();
    return;
  }
  written_ = *taken;
  record_.bytes_sent += written_;
  body_sent_ = written_ == outgoing_.head.size() + outgoing_.body.size() && !outgoing_.streams_body && outgoing_.file == nullptr;
}

std::optional<AttemptResult> Attempt::judge_first(Result<std::span<char>>& got) {
  if (!got || got->empty()) {
    const AttemptResult result = no_head(got);
    if (!is_stale(result)) return result;
    forget_connection();
    return std::nullopt;
  }
  received_ = true;
  record_.bytes_received += got->size();
  const std::string_view block(got->data(), got->size());
  auto judged = judge_block(block);
  if (!judged) buffer_.append(block);
  return judged;
}

// A reused connection may have been closed by the peer just as the request went out. If nothing came back and repeating does no harm,
// the request goes out once more on a new connection; that is not counted as a try.
Task<AttemptResult> Attempt::converse() {
  for (;;) {
    if (connection_ == nullptr) {
      auto failure = co_await connect();
      if (failure) co_return *failure;
    }
    if (!begun_) write_request();
    if (!body_sent_ && !send_error_) {
      if (outgoing_.streams_body) {
        outgoing_.replayable = false;
        // The client's 100 leaves before the body's own flow begins: only one flow writes to the client.
        if (exchange_.request().expect_continue) {
          auto told = co_await exchange_.send_interim(100, nullptr);
          if (!told) co_return AttemptResult{AttemptResult::Kind::client_gone, 0, false};
        }
      }
      sender_.start(send_rest());
    }
    const AttemptResult result = co_await read_head();
    if (!is_stale(result)) co_return result;
    forget_connection();
  }
}

bool Attempt::is_stale(const AttemptResult& result) const {
  return result.kind == AttemptResult::Kind::io_error && reused_ && !received_ && outgoing_.replayable && method_is_idempotent(outgoing_.method);
}

void Attempt::forget_connection() {
  sender_.cancel();
  connection_.reset();
  send_error_.reset();
  record_.bytes_sent -= written_ + sent_of_file_;
  written_ = sent_of_file_ = 0;
  begun_ = body_sent_ = false;
}

Task<std::optional<AttemptResult>> Attempt::connect() {
  const Milliseconds timeout = request_.connect_timeout.count() > 0 ? request_.connect_timeout : handler_.conf().connect_timeout;
  const ProxyConf& conf = handler_.conf();
  const DialOptions options{&pool_.local(), conf.socket_keepalive, static_cast<int>(conf.socket_rcvbuf), static_cast<int>(conf.socket_sndbuf)};
  auto stream = co_await dial(exchange_.loop(), pool_.address(), clock_.now() + static_cast<Tick>(timeout.count()), options);
  if (!stream) {
    const bool late = stream.error().kind == ErrorKind::timeout;
    co_return failed(late ? AttemptResult::Kind::timeout : AttemptResult::Kind::connect_failed, stream.error(), "while connecting to upstream");
  }
  connection_ = std::make_unique<UpstreamConnection>(pool_, std::move(*stream));
  record_.connect_us = elapsed_us();
  co_return std::nullopt;
}

// send_rest is a flow of its own: the peer may answer, and the answer is relayed, before it has read the whole request.
Task<void> Attempt::send_rest() {
  const std::string_view head = outgoing_.head.substr(std::min(written_, outgoing_.head.size()));
  const std::string_view body = outgoing_.body.substr(written_ - (outgoing_.head.size() - head.size()));
  if (!head.empty() || !body.empty()) {
    iovec parts[2] = {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    auto sent = co_await connection_->stream().write(parts, 2, send_timeout());
    if (!sent) co_return give_up_sending(std::move(sent.error()));
    record_.bytes_sent += head.size() + body.size();
    last_sent_ = clock_.now();
  }
  if (outgoing_.streams_body) co_await send_body();
  else if (outgoing_.file != nullptr) co_await send_file();
  else body_sent_ = true;
}

// send_file sends a body that lies in a file, without bringing it into memory.
Task<void> Attempt::send_file() {
  constexpr uint64_t kCallBytes = 512 * 1024;
  Stream& stream = connection_->stream();
  const BodyFile& body = *outgoing_.file;
  while (sent_of_file_ < body.bytes) {
    auto sent = stream.try_send_file(body.file.get(), sent_of_file_, std::min(body.bytes - sent_of_file_, kCallBytes));
    if (!sent) co_return give_up_sending(std::move(sent.error()));
    sent_of_file_ += *sent;
    record_.bytes_sent += *sent;
    if (*sent == 0) {
      auto ready = co_await stream.writable(send_timeout());
      if (!ready) co_return give_up_sending(std::move(ready.error()));
    } else {
      last_sent_ = clock_.now();
      co_await sleep_for(Milliseconds{0});  // others have their turn
    }
  }
  body_sent_ = true;
}

Task<void> Attempt::send_body() {
  Stream& stream = connection_->stream();
  for (;;) {
    ExchangeRuntime& client = ExchangeRuntime::of(exchange_);
    if (!outgoing_.chunked && client.splices_body()) {
      Spliced through = co_await client.splice_body(stream, send_timeout(), record_.bytes_sent);
      last_sent_ = clock_.now();
      if (through.end == Spliced::End::target_failed) co_return give_up_sending(std::move(through.error));
      if (through.end != Spliced::End::complete) co_return stop_for_client(std::move(through.error));
    }
    auto piece = co_await exchange_.next_body_piece();
    if (!piece) co_return stop_for_client(std::move(piece.error()));
    char size_line[20];
    iovec parts[3];
    int count = 0;
    if (!piece->empty() && outgoing_.chunked) parts[count++] = {size_line, encode_chunk_header(piece->size(), size_line)};
    if (!piece->empty()) parts[count++] = {const_cast<char*>(piece->data()), piece->size()};
    if (outgoing_.chunked) parts[count++] = piece->empty() ? iovec{const_cast<char*>("0\r\n\r\n"), 5} : iovec{const_cast<char*>("\r\n"), 2};
    if (count > 0) {
      auto sent = co_await stream.write(parts, count, send_timeout());
      if (!sent) co_return give_up_sending(std::move(sent.error()));
      last_sent_ = clock_.now();
      for (int i = 0; i < count; ++i) record_.bytes_sent += parts[i].iov_len;
    }
    if (piece->empty()) break;
  }
  body_sent_ = true;
}

// The peer may have answered before it stopped reading: the reader of the response finds out. One that takes nothing more is given up.
void Attempt::give_up_sending(Error error) {
  send_error_ = std::move(error);
  if (send_error_->kind == ErrorKind::timeout) connection_->stream().interrupt();
}

// The client's body is bad or late; the reader of the response learns it as the end of the stream.
void Attempt::stop_for_client(Error error) {
  client_error_ = std::move(error);
  connection_->stream().interrupt();
}

Task<AttemptResult> Attempt::read_head() {
  HeadScanner scanner(HeadScanner::Kind::response, head_limits());
  Tick deadline = 0;
  Tick due = 0;  // of a head that has begun: its bytes may not drip for ever
  for (;;) {
    bool interim = false;
    auto judged = judge_buffered(scanner, interim);
    if (judged) co_return *judged;
    if (buffer_.empty() || interim) due = 0;
    else if (due == 0) due = read_deadline();
    if (interim) {
      auto sent = co_await exchange_.send_interim(response_->status, &response_->headers);
      (void)sent;  // a broken client shows itself at the next write
      continue;
    }
    if (deadline == 0) deadline = due != 0 ? due : read_deadline();
    auto got = co_await connection_->stream().read(deadline);
    deadline = 0;
    if (!got && got.error().kind == ErrorKind::timeout && !client_error_) {
      if (auto until = patience(read_timeout())) {
        deadline = *until;
        continue;
      }
    }
    if (client_error_ || !got || got->empty()) co_return no_head(got);
    received_ = true;
    record_.bytes_received += got->size();
    const std::string_view block(got->data(), got->size());
    if (buffer_.empty()) judged = judge_block(block);
    if (judged) co_return *judged;
    buffer_.append(block);
  }
}

std::optional<AttemptResult> Attempt::judge_buffered(HeadScanner& scanner, bool& interim) {
  while (!buffer_.empty()) {
    const std::string_view block = buffer_.view();
    const HeadScan scan = scanner.scan(block);
    if (scan.state == HeadScan::State::need_more) return std::nullopt;
    if (scan.state == HeadScan::State::refused) return refused_head(scan.refusal);
    rest_ = block.substr(scan.end);
    auto judged = judge_head(exchange_.arena().copy(block.substr(0, scan.end)));
    if (judged) return judged;
    // An interim head: the final one may have come with it.
    scanner.reset();
    buffer_.consume(scan.end);
    interim = passes_interim_on();
    if (interim) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<AttemptResult> Attempt::judge_block(std::string_view block) {
  if (is_interim(block)) return std::nullopt;
  if (const size_t end = find_head_end(block); end != 0 && parse_head(exchange_.arena().copy(block.substr(0, end))).ok()) {
    rest_ = block.substr(end);
    return judge_parsed();
  }
  HeadScanner scanner(HeadScanner::Kind::response, head_limits());
  const HeadScan scan = scanner.scan(block);
  if (scan.state != HeadScan::State::found) return std::nullopt;
  rest_ = block.substr(scan.end);
  return judge_head(exchange_.arena().copy(block.substr(0, scan.end)));
}

AttemptResult Attempt::refused_head(const HeadResult& refusal) {
  const bool big = refusal.status == 431 || refusal.status == 414;
  return failed(AttemptResult::Kind::invalid_header,
                Error(ErrorKind::bad_message, big ? std::string("upstream sent too big header") : concat("upstream sent invalid header (", refusal.reason, ")")),
                kReadingHeader);
}

HeadResult Attempt::parse_head(std::string_view text) {
  response_ = exchange_.arena().make<ResponseHead>(exchange_.arena());
  ResponseLimits limits;
  limits.line_bytes = limits.total_bytes = static_cast<uint32_t>(handler_.conf().buffer_size);
  const RequestKind kind = outgoing_.method == Method::head ? RequestKind::head : RequestKind::other;
  return parse_response_head(text, limits, kind, *response_);
}

std::optional<AttemptResult> Attempt::judge_head(std::string_view text) {
  const HeadResult parsed = parse_head(text);
  if (!parsed.ok()) {
    return failed(AttemptResult::Kind::invalid_header, Error(ErrorKind::bad_message, concat("upstream sent invalid header (", parsed.reason, ")")), kReadingHeader);
  }
  return judge_parsed();
}

std::optional<AttemptResult> Attempt::judge_parsed() {
  const int status = response_->status;
  if (status == 101) {
    const bool wanted = outgoing_.upgrade && iequals(response_->headers.value(HeaderId::upgrade), "websocket");
    if (!wanted) {
      return failed(AttemptResult::Kind::invalid_header, Error(ErrorKind::bad_message, "upstream switched protocols without being asked"), kReadingHeader);
    }
  } else if (status < 200) {
    if (++interim_heads_ > kTooManyInterimHeads) {
      return failed(AttemptResult::Kind::invalid_header, Error(ErrorKind::bad_message, "upstream sent too many interim responses"), kReadingHeader);
    }
    return std::nullopt;
  }
  record_.status = status;
  record_.header_us = elapsed_us();
  exchange_.upstream_headers = &response_->headers;
  const uint32_t condition = NextUpstreamPolicy::condition_of(status);
  if (condition == 0) return AttemptResult{AttemptResult::Kind::success, status, false};
  const bool listed = (handler_.conf().next_upstream & condition) != 0;
  const bool server_fault = status != 403 && status != 404;
  return AttemptResult{AttemptResult::Kind::http_status, status, listed && server_fault};
}

// 103 Early Hints and others go to the client as they are, within reason; 100 was answered by us.
bool Attempt::passes_interim_on() const { return response_->status != 100 && interim_heads_ <= kMaxInterimHeads; }

std::optional<Tick> Attempt::patience(Milliseconds timeout) const {
  const Tick now = clock_.now();
  // While the client's body comes, its own timeouts count; then the peer has the whole time from the last byte it got.
  if (sender_.running()) return now + static_cast<Tick>(timeout.count());
  const Tick until = last_sent_ + static_cast<Tick>(timeout.count());
  if (until > now) return until;
  return std::nullopt;
}

AttemptResult Attempt::failed(AttemptResult::Kind kind, const Error& error, std::string_view doing) {
  record_.status = kind == AttemptResult::Kind::timeout ? 504 : 502;
  record_.response_us = elapsed_us();
  std::string_view what = error.text;
  if (kind == AttemptResult::Kind::timeout) what = "upstream timed out (110: Connection timed out)";
  error_text_ = concat(what, ' ', doing);
  return AttemptResult{kind, 0, true, begun_};
}

AttemptResult Attempt::no_head(const Result<std::span<char>>& got) {
  if (client_error_) return AttemptResult{AttemptResult::Kind::client_gone, 0, false};
  if (send_error_) return failed(failure_kind(*send_error_), *send_error_, "while sending request to upstream");
  if (!got) return failed(failure_kind(got.error()), got.error(), kReadingHeader);
  return failed(AttemptResult::Kind::io_error, Error(ErrorKind::closed, "upstream prematurely closed connection"), kReadingHeader);
}

void Attempt::log_failure() {
  if (client_error_) log_client_error();
  else exchange_.log_at(LogLevel::error, error_text_);
}

void Attempt::log_client_error() {
  error_text_ = client_error_->text;
  log_body_error(exchange_, *client_error_);
}

void Attempt::report(const AttemptResult& result) {
  if (std::exchange(reported_, true)) return;
  if (record_.response_us < 0) record_.response_us = elapsed_us();
  group_.ended(request_, result);
}

}  // namespace sluice
