// The response on its way to the client: the head is rendered once, after the header filters, and leaves in one writev with the
// first bytes of the body; pieces pass the body filters and get their framing here.

#include <cstring>

#include "http/line_break.h"
#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

namespace {

// A cursor over memory that is known to be large enough.
struct Out {
  char* at;
  void text(std::string_view s) { at += s.copy(at, s.size()); }
  void number(uint64_t n) { at = std::to_chars(at, at + 20, n).ptr; }
  void field(const Header& h) {
    if (const std::string_view line = h.line(); !line.empty()) return text(line);
    text(h.name());
    text(": ");
    text(h.value());
    text("\r\n");
  }
};

// date_line is the Date field of this second.
std::string_view date_line() {
  constexpr size_t kBytes = 37;  // "Date: Fri, 20 Nov 2026 12:00:00 GMT" and CRLF
  thread_local int64_t second = -1;
  thread_local char text[kBytes];
  Clock& clock = Clock::of_thread();
  if (second != clock.wall_seconds()) {
    second = clock.wall_seconds();
    Out out{text};
    out.text("Date: ");
    out.text(clock.http_date());
    out.text("\r\n");
  }
  return {text, kBytes};
}

constexpr size_t kFixedHeadBytes = 512;  // status line, Server, Date, framing and connection fields

bool status_has_no_body(int status) { return (status >= 100 && status < 200) || status == 204 || status == 304; }

void write_status_line(Out& out, int status, std::string_view reason) {
  if (status == 200) return out.text("HTTP/1.1 200 OK\r\n");
  out.text("HTTP/1.1 ");
  out.number(static_cast<uint64_t>(status));
  out.text(" ");
  out.text(reason.empty() ? status_reason(status) : reason);
  out.text("\r\n");
}

// Fields that the writer makes itself, from the framing and the connection's state.
bool is_framing_field(HeaderId id) {
  return id == HeaderId::content_length || id == HeaderId::transfer_encoding || id == HeaderId::connection ||
         id == HeaderId::keep_alive;
}

std::string_view error_kind_token(ErrorKind kind, ErrorSource source) {
  // RFC 9209 section 2.3: the registered proxy error types.
  if (source == ErrorSource::client) return "http_request_error";
  switch (kind) {
    case ErrorKind::timeout: return "http_response_timeout";
    case ErrorKind::connect_failed: return "connection_refused";
    case ErrorKind::closed:
    case ErrorKind::reset: return "connection_terminated";
    case ErrorKind::bad_message: return "http_protocol_error";
    case ErrorKind::too_large: return "http_response_header_section_size";
    case ErrorKind::unavailable: return "destination_unavailable";
    case ErrorKind::not_found: return "destination_not_found";
    default: return "proxy_internal_error";
  }
}

}  // namespace

Result<void> Exchange::send_head(int64_t content_length) {
  CHECK(!head_sent_);
  auto& self = ExchangeRuntime::of(*this);
  self.take_forced_status();
  if (parent_ != nullptr) {
    head_sent_ = true;
    return {};
  }
  if (location_->header_filters.empty() && location_->body_filters.empty()) return self.render_head(content_length);
  auto filtered = self.filter_head(content_length);
  return filtered ? self.render_head(-1) : std::move(filtered);
}

// head_of is the head of a response that begins with this piece: the length of one that is whole is known, unless it passes filters.
Result<void> ExchangeRuntime::head_of(const BodyPiece& piece) {
  const int64_t whole = piece.last ? static_cast<int64_t>(piece.data.size()) : -1;
  if (whole < 0 || location_->body_filters.empty() || parent_ != nullptr) return send_head(whole);
  take_forced_status();
  TRY(filter_head(whole));
  if (filter_count_ != 0) response_.headers.remove(HeaderId::content_length);
  return render_head(-1);
}

// filter_head shows the head to the filters, with the length as a field: they may change it, or remove it when another one is made.
Result<void> ExchangeRuntime::filter_head(int64_t content_length) {
  if (content_length >= 0) response_.headers.set(HeaderId::content_length, arena_.concat(std::to_string(content_length)));
  for (const HeaderFilter* filter : location_->header_filters) {
    if (filters_off_) break;
    enter(filter->name());
    Outcome outcome = filter->filter(*this);
    if (outcome.kind == Outcome::Kind::next) continue;
    // The filter wants another response in place of this one; the caller's handler ends with this error.
    replacement_ = outcome;
    return Error(ErrorKind::cancelled, "a header filter replaced the response");
  }
  filter_count_ = 0;
  const size_t most = location_->body_filters.size();
  if (most == 0) return {};
  filters_ = static_cast<ActiveFilter*>(arena_.allocate(most * sizeof(ActiveFilter), alignof(ActiveFilter)));
  for (const BodyFilter* filter : location_->body_filters) {
    enter(filter->name());
    if (filter->begin(*this)) new (&filters_[filter_count_++]) ActiveFilter{filter};
  }
  return {};
}

bool Exchange::body_is_rewritten(uint64_t length) const {
  for (const BodyFilter* filter : location_->body_filters) {
    if (filter->rewrites(*this, length)) return true;
  }
  return false;
}

Result<void> ExchangeRuntime::render_head(int64_t content_length) {
  if (response_.status < 200 && !is_tunnel_) [[unlikely]] {
    // After a 1xx the client waits for another head (RFC 9110 section 15.2).
    log_at(LogLevel::error, "status ", response_.status, " is none of a final response");
    response_.status = 500;
    response_.reason = {};
  }
  const int status = response_.status;
  if (content_length < 0) {
    // A handler may have put Content-Length itself (Lua, an upstream's answer to HEAD).
    if (auto own = parse_uint(response_.headers.value(HeaderId::content_length))) content_length = static_cast<int64_t>(*own);
  }
  body_allowed_ = request_.method != Method::head && !status_has_no_body(status);
  if (content_length >= 0 || !body_allowed_) {
    response_framing_ = BodyFraming::length;
    response_left_ = content_length < 0 || !body_allowed_ ? 0 : static_cast<uint64_t>(content_length);
  } else if (request_.version == HttpVersion::http11 && location_->core.chunked_transfer_encoding) {
    response_framing_ = BodyFraming::chunked;
  } else {
    response_framing_ = BodyFraming::until_close;
    keep_connection_ = false;
  }
  if (!request_.keep_alive || draining || connection_.is_last_request()) keep_connection_ = false;
  if (!body_finished() && request_.expect_continue && !continue_sent_) keep_connection_ = false;
  // What follows a request for another protocol was not meant as HTTP: it is not read as requests (optimistic upgrades, smuggling).
  if (request_.wants_upgrade && !is_tunnel_ && request_.framing == BodyFraming::none && has_bytes_behind()) keep_connection_ = false;

  if (const auto& signature = location_->core.server_signature; signature != nullptr && !response_.headers.has(HeaderId::server)) {
    if (const auto text = signature->eval(*this); !text.empty()) response_.headers.set(HeaderId::server, text);
  }
  size_t estimate = kFixedHeadBytes + response_.reason.size() + error_cause_.size();
  for (const Header& h : response_.headers) {
    if (!h.parsed && !is_clean(h)) return Error(ErrorKind::internal, "a response header holds CR, LF or NUL");
    estimate += h.name_size + h.value_size + 4u;
  }
  if (breaks_line(response_.reason)) return Error(ErrorKind::internal, "a response header holds CR, LF or NUL");
  char* start = arena_.allocate_chars(estimate);
  Out out{start};
  write_status_line(out, status, response_.reason);
  if (!response_.headers.has(HeaderId::server) && location_->core.server_signature == nullptr) {
    out.text(location_->core.server_tokens ? "Server: sluice/" SLUICE_VERSION "\r\n" : "Server: sluice\r\n");
  }
  if (!response_.headers.has(HeaderId::date)) {
    out.text(date_line());
  }
  for (const Header& h : response_.headers) {
    if (!h.removed && !is_framing_field(h.id)) out.field(h);
  }
  if (content_length >= 0 && status != 204 && status >= 200) {
    out.text("Content-Length: ");
    out.number(static_cast<uint64_t>(content_length));
    out.text("\r\n");
  } else if (response_framing_ == BodyFraming::chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  }
  if (status == 101) out.text("Connection: upgrade\r\n");
  else out.text(keep_connection_ ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  if (const auto told = location_->core.keepalive_header; keep_connection_ && told.count() > 0) {
    out.text("Keep-Alive: timeout=");
    out.number(static_cast<uint64_t>(told.count() / 1000));
    out.text("\r\n");
  }
  if (!error_cause_.empty() && response_.status >= 400) {
    out.text("Proxy-Status: sluice; error=");
    out.text(error_kind_token(error_kind_, error_source_));
    out.text("\r\n");
  }
  out.text("\r\n");
  CHECK(out.at <= start + estimate);
  pending_head_ = {start, static_cast<size_t>(out.at - start)};
  head_sent_ = true;
  if (own_limit_rate_ || !location_->core.limit_rate.empty()) [[unlikely]] begin_pacing();
  return {};
}

// is_clean: the field brings no line end (response splitting) and no NUL into the head. A name that has an id was recognised.
bool ExchangeRuntime::is_clean(const Header& field) {
  const bool known = field.id != HeaderId::unknown;
  if (field.removed || (!breaks_line(field.value()) && (known || !breaks_line(field.name())))) return true;
  log_at(LogLevel::error, "response header \"", field.name(), "\" holds CR, LF or NUL");
  return false;
}

Task<Result<void>> Exchange::send(BodyPiece piece) {
  auto& self = ExchangeRuntime::of(*this);
  if (response_finished_) return Result<void>();
  if (!head_sent_) {
    auto head = self.head_of(piece);
    if (!head) return Result<void>(std::move(head.error()));
  }
  return self.filter_count_ == 0 ? self.write_piece(piece) : self.send_filtered(piece);
}

Task<Result<void>> ExchangeRuntime::send_filtered(BodyPiece piece) {
  if (auto filtered = filter_piece(0, piece); !filtered) return filtered;
  return filter_with_more() == nullptr ? write_piece(piece) : send_pieces(piece);
}

// filter_piece passes a piece through the filters from the given one on.
Result<void> ExchangeRuntime::filter_piece(size_t from, BodyPiece& piece) {
  for (size_t i = from; i < filter_count_; ++i) {
    ActiveFilter& active = filters_[i];
    active.last = piece.last;
    active.flush = piece.flush;
    enter(active.filter->name());
    auto filtered = active.filter->filter(*this, piece);
    if (!filtered) {
      aborted_ = true;
      return filtered;
    }
    active.more = std::exchange(piece.more, false);
    // What follows hears of the end with the last of it.
    if (active.more) piece.last = piece.flush = false;
  }
  return {};
}

// filter_with_more is the one to go on with: what an earlier one has yet to say comes behind.
ExchangeRuntime::ActiveFilter* ExchangeRuntime::filter_with_more() {
  for (size_t i = filter_count_; i > 0; --i) {
    if (filters_[i - 1].more) return &filters_[i - 1];
  }
  return nullptr;
}

Task<Result<void>> ExchangeRuntime::send_pieces(BodyPiece piece) {
  constexpr int kPiecesPerTurn = 16;  // then others have their turn
  for (int pieces = 1;; ++pieces) {
    auto sent = co_await write_piece(piece);
    if (!sent) co_return sent;
    ActiveFilter* next = filter_with_more();
    if (next == nullptr) co_return Result<void>();
    if (pieces % kPiecesPerTurn == 0) co_await sleep_for(Milliseconds{0});
    piece = BodyPiece{{}, next->last, next->flush};
    auto filtered = filter_piece(static_cast<size_t>(next - filters_), piece);
    if (!filtered) co_return filtered;
  }
}

// write_piece frames one filtered piece and writes it, with the head if that has not left yet.
Task<Result<void>> ExchangeRuntime::write_piece(BodyPiece piece) {
  if (parent_ != nullptr) return note_piece(piece);
  int count = 0;
  auto add = [&](std::string_view text) {
    if (!text.empty()) parts_[count++] = {const_cast<char*>(text.data()), text.size()};
  };
  add(pending_head_);
  if (body_allowed_) {
    body_bytes_sent_ += piece.data.size();
    if (response_framing_ == BodyFraming::chunked) {
      if (!piece.data.empty()) {
        add({chunk_header_, encode_chunk_header(piece.data.size(), chunk_header_)});
        add(piece.data);
        add(piece.last && trailers_ == nullptr ? "\r\n0\r\n\r\n" : "\r\n");
      }
      if (piece.last && trailers_ != nullptr) add(render_trailers());
      else if (piece.last && piece.data.empty()) add("0\r\n\r\n");
    } else {
      if (response_framing_ == BodyFraming::length) {
        // More than announced can never be sent; less is seen at the end.
        if (piece.data.size() > response_left_) {
          log_at(LogLevel::error, "the response body is longer than its Content-Length");
          piece.data = piece.data.substr(0, response_left_);
          keep_connection_ = false;
        }
        response_left_ -= piece.data.size();
      }
      add(piece.data);
    }
  }
  if (piece.last) {
    response_finished_ = true;
    if (response_framing_ == BodyFraming::length && response_left_ > 0) aborted_ = true;  // a cut-off body must not look complete
  }
  if (count == 0) return Result<void>();
  // A head alone waits for its body, unless the piece asks for it to leave.
  if (piece.data.empty() && !piece.last && !piece.flush && !pending_head_.empty() && count == 1) return Result<void>();
  pending_head_ = {};
  return write_parts(count);
}

std::string_view ExchangeRuntime::render_trailers() {
  std::string text = "0\r\n";
  for (const Header& h : *trailers_) {
    if (!h.removed && is_clean(h)) text += concat(h.name(), ": ", h.value(), "\r\n");
  }
  text += "\r\n";
  return arena_.copy(text);
}

Headers& Exchange::response_trailers() {
  if (trailers_ == nullptr) trailers_ = arena_.make<Headers>(arena_);
  return *trailers_;
}

Task<Result<void>> ExchangeRuntime::write_parts(int count) {
  if (pacer_ != nullptr) [[unlikely]] return write_paced(count);
  auto sent = stream_.try_write(parts_, count);
  if (!sent) {
    aborted_ = true;
    sent.error().source = ErrorSource::client;
    return Result<void>(std::move(sent.error()));
  }
  size_t taken = *sent;
  int first = 0;
  while (first < count && taken >= parts_[first].iov_len) taken -= parts_[first++].iov_len;
  if (first == count) return Result<void>();
  parts_[first].iov_base = static_cast<char*>(parts_[first].iov_base) + taken;
  parts_[first].iov_len -= taken;
  std::memmove(parts_, parts_ + first, static_cast<size_t>(count - first) * sizeof(iovec));
  return write_rest(count - first);
}

Task<Result<void>> ExchangeRuntime::write_rest(int count) {
  auto written = co_await stream_.write(parts_, count, location_->core.send_timeout);
  if (!written) {
    aborted_ = true;
    timed_out_ = written.error().kind == ErrorKind::timeout;
    written.error().source = ErrorSource::client;
  }
  co_return written;
}

Task<Result<void>> Exchange::flush() {
  auto& self = ExchangeRuntime::of(*this);
  if (self.pending_head_.empty()) return Result<void>();
  self.parts_[0] = {const_cast<char*>(self.pending_head_.data()), self.pending_head_.size()};
  self.pending_head_ = {};
  return self.write_parts(1);
}

Task<Result<void>> Exchange::finish() { return send(BodyPiece{{}, true, false}); }

Task<Outcome> Exchange::respond(int status, std::string_view content_type, std::string_view body) {
  response_.status = status;
  if (!content_type.empty()) response_.headers.set(HeaderId::content_type, content_type);
  Task<Result<void>> sent = send(BodyPiece{body, true, false});
  if (sent.ready()) return sent.take() ? Outcome::finished() : Outcome::abort();
  return ExchangeRuntime::await_sent(std::move(sent));
}

Task<Outcome> ExchangeRuntime::await_sent(Task<Result<void>> sent) {
  auto result = co_await std::move(sent);
  co_return result ? Outcome::finished() : Outcome::abort();
}

Task<Result<void>> Exchange::send_interim(int status, const Headers* headers) {
  auto& self = ExchangeRuntime::of(*this);
  if (request_.version != HttpVersion::http11 || head_sent_ || parent_ != nullptr) return Result<void>();
  size_t bytes = 128;
  if (headers != nullptr) {
    for (const Header& h : *headers) bytes += h.name_size + h.value_size + 4u;
  }
  char* start = arena_.allocate_chars(bytes);
  Out out{start};
  write_status_line(out, status, {});
  if (headers != nullptr) {
    for (const Header& h : *headers) {
      if (!h.removed && !is_framing_field(h.id)) out.field(h);
    }
  }
  out.text("\r\n");
  if (status == 100) self.continue_sent_ = true;
  self.parts_[0] = {start, static_cast<size_t>(out.at - start)};
  return self.write_parts(1);
}

}  // namespace sluice
