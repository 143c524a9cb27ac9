// Exchange: one request and its response. The object a module works with in every phase.
//
// It lives from the parsed head to the end of the log phase, in the arena of its connection, and holds a reference to the generation
// it started with. Everything it hands out lives as long as it does, unless said otherwise. One thread, no locks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/arena.h>
#include <sluice/base/error.h>
#include <sluice/event/event_loop.h>
#include <sluice/event/task.h>
#include <sluice/http/message.h>
#include <sluice/log/log.h>
#include <sluice/os/address.h>
#include <sluice/os/fd.h>
#include <sluice/server/location.h>
#include <sluice/server/phase.h>
#include <sluice/server/variable.h>

namespace sluice {

class ClientConnection;
struct ProxyHeader;
class Stream;
class Generation;
class TunnelPeer;
class VirtualServer;

// One try at one peer, for $upstream_* and the log.
struct UpstreamAttemptRecord {
  std::string_view address;          // "127.0.0.1:80"
  int status = 0;                    // 0: no head arrived; 502/504 are recorded as nginx does
  int64_t connect_us = -1;           // -1: did not happen ("-")
  int64_t header_us = -1;
  int64_t response_us = -1;
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t body_bytes = 0;
  UpstreamAttemptRecord* next = nullptr;
};

// A request's body that lies in a file, from its beginning.
struct BodyFile {
  Fd file;
  uint64_t bytes = 0;
  std::string path;     // a name that other processes can open while the exchange lives
  bool remove = false;  // the name is removed with the exchange
  ~BodyFile();
};

// Regex captures $1..$9 of the last match.
struct Captures {
  std::string_view subject;
  std::span<const size_t> offsets;   // pairs, PCRE2's ovector; SIZE_MAX = unset
};

class SLUICE_API Exchange : public LogContext {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- who and where
  Arena& arena() { return arena_; }
  EventLoop& loop();
  ClientConnection& connection() { return connection_; }
  const Generation& generation() const { return *generation_; }
  const VirtualServer& server() const { return *server_; }
  const Location& location() const { return *location_; }
  // client_address is the other end of the connection, or what a proxy that is trusted says instead (set_client_address).
  const Address& client_address() const { return forwarded_client_ != nullptr ? *forwarded_client_ : connection_address(); }
  std::string_view client_host() const;        // the same as text, as Address::host_text
  const Address& connection_address() const;
  std::string_view connection_host() const;
  // set_client_address says who the client of this exchange really is; counts for everything from now on. REQUIRES: an IP address.
  void set_client_address(const Address& address);
  bool has_forwarded_client() const { return forwarded_client_ != nullptr; }
  const ProxyHeader* proxy_header() const;     // of the connection; null: none came
  const Address& server_address();             // local side of the connection
  uint64_t connection_number() const;          // $connection
  uint64_t connection_requests() const;        // $connection_requests
  uint64_t started_us() const { return started_us_; }   // monotonic; first byte of the head
  uint64_t started_wall_ms() const { return started_wall_ms_; }
  Logger& log() const { return location_->log(); }

  // --- the request
  RequestHead& request() { return request_; }
  const RequestHead& request() const { return request_; }
  // The request as the phases see it now: normalised path, and arguments without '?'. Both start from the head.
  std::string_view uri() const { return uri_; }
  std::string_view args() const { return args_; }
  // uri_is_raw: nothing has changed the URI, so that request().target can be forwarded byte for byte.
  bool uri_is_raw() const { return uri_is_raw_; }
  void set_uri(std::string_view uri);          // copied; not empty
  void set_args(std::string_view args);        // copied
  void set_method(Method method, std::string_view text);
  bool is_internal() const { return internal_; }
  // parent is the exchange that made this one as a subrequest (sluice/server/subrequest.h); null for a client's request.
  Exchange* parent() const { return parent_; }
  // What scripts of the rewrite phases do, as nginx's `rewrite` and `break`. seek_location: the URI is another, so that the location is
  // looked for again when the scripts have run. keep_location: it is not, and the URI need not begin with the location's name any more
  // (location_matches() is false), so nothing can take that name's place. Both make the request an internal one. end_scripts skips
  // the scripts that are left.
  void seek_location() { internal_ = true, seeks_location_ = true; }
  void keep_location() { internal_ = true, seeks_location_ = false, location_matches_ = false; }
  bool seeks_location() const { return seeks_location_; }
  bool location_matches() const { return location_matches_; }
  void end_scripts();
  // redirects counts the internal redirects so far: to another URI or to a named location, by a handler or by error_page. A reroute
  // (`rewrite ... last`) is none. State that belongs to one pass through the phases is stale once this has changed.
  uint32_t redirects() const { return internal_redirects_; }
  // set_named_location chooses "@name" of this server; false when there is none. Then return Outcome::named().
  bool set_named_location(std::string_view name);
  Captures captures;

  // --- the request body
  // read_body collects the whole body in memory. Errors: too_large (413), timeout (408), bad_message (400), closed: end with
  // Outcome::status(error_status(error)). A second call returns at once.
  Task<Result<void>> read_body();
  bool body_read() const { return body_state_ == BodyState::buffered; }
  std::string_view body() const { return body_; }   // REQUIRES: body_read()
  void set_body(std::string_view body);              // replaces it (copied); framing becomes its length
  // store_body collects the whole body, too, but one that is larger than client_body_buffer_size in a file: then body_file() is there
  // instead of body_read(). Errors: as read_body; io when the file cannot be written.
  Task<Result<void>> store_body();
  const BodyFile* body_file() const { return body_state_ == BodyState::stored ? body_file_ : nullptr; }
  // body_is_whole: all of it is here, in memory or in a file.
  bool body_is_whole() const { return body_state_ == BodyState::buffered || body_state_ == BodyState::stored; }
  // next_body_piece streams it instead: an empty view at the end. The view is valid until the next co_await. Answers
  // Expect: 100-continue first. REQUIRES: !body_is_whole().
  Task<Result<std::string_view>> next_body_piece();
  bool has_body() const;                             // the head announced one
  bool body_finished() const { return body_state_ == BodyState::none || body_state_ == BodyState::streamed || body_is_whole(); }
  bool body_started() const { return body_state_ != BodyState::unread; }
  // body_bytes_at_hand: what of a small body arrived with the head and can be sent along at once; empties the at-hand buffer.
  // Returns nothing for chunked bodies. After it next_body_piece goes on behind it; when it was all, body_read() holds.
  std::string_view take_body_at_hand();

  // --- the response
  ResponseHead& response() { return response_; }
  const ResponseHead& response() const { return response_; }
  // forced_status is the status that the response will have whatever its handler says, because error_page leads here; 0: none.
  int forced_status() const;
  bool head_sent() const { return head_sent_; }      // filters ran; status and headers are fixed
  // send_head runs the header filters and renders the head. It leaves together with the first body bytes, at flush(), or at the end.
  // content_length < 0: unknown (chunked, or close for HTTP/1.0). REQUIRES: response().status is set, !head_sent().
  Result<void> send_head(int64_t content_length = -1);
  // send passes one piece through the body filters and writes it. Waits while the client does not take more.
  // After `last` nothing may be sent. Errors: closed/reset/timeout of the client: return Outcome::abort().
  Task<Result<void>> send(BodyPiece piece);
  // body_is_rewritten: a body filter would make other bytes of a body of that length with the head as it stands now: then a handler
  // offers no ranges of its own.
  bool body_is_rewritten(uint64_t length) const;
  // can_send_file: the head is rendered, its length is known, and nothing looks at the bytes of the body: send_file may follow.
  bool can_send_file() const;
  // send_file sends bytes of an open file as a piece of the body, without bringing them into memory. Waits while the client takes no
  // more. Errors: as send; io when the file has fewer bytes (it shrank). The file stays open meanwhile. REQUIRES: can_send_file().
  Task<Result<void>> send_file(int file, uint64_t offset, uint64_t bytes);
  // response_trailers are fields that follow the body; they leave with its end if it is chunked, else not at all. One that holds CR, LF
  // or NUL is logged and left out.
  Headers& response_trailers();
  Task<Result<void>> flush();                        // a pending head leaves now
  // finish ends the response: the last chunk if `last` was not sent yet.
  Task<Result<void>> finish();
  bool response_finished() const { return response_finished_; }
  // respond sends a complete small response. `body` must outlive the exchange (arena or static).
  Task<Outcome> respond(int status, std::string_view content_type, std::string_view body);
  // send_interim sends a 1xx head (100, 103) at once.
  Task<Result<void>> send_interim(int status, const Headers* headers);
  // close_connection_after: the connection does not survive this exchange.
  void close_connection_after() { keep_connection_ = false; }
  bool keep_connection() const { return keep_connection_; }
  uint64_t body_bytes_sent() const { return body_bytes_sent_; }
  uint64_t bytes_sent() const;

  // set_limit_rate paces this response whatever limit_rate says: so many bytes per second from now on, 0: none. limit_rate is what holds.
  void set_limit_rate(uint64_t bytes_per_second);
  uint64_t limit_rate();

  // --- upgrade
  // open_tunnel sends the 101 head in response(), then `early`, which the upstream sent behind its own 101 and which must stay valid until
  // the first wait, and to the upstream what the client has sent behind its request. After an error return Outcome::abort().
  Task<Result<void>> open_tunnel(Stream& upstream, std::string_view early, Milliseconds timeout);
  // keep_tunnel gives the connection its tunnel: bytes pass between the client and the peer's stream until both sides have ended or
  // nothing moves for idle_timeout. Return its outcome: the log phase comes when the tunnel ends. REQUIRES: open_tunnel succeeded.
  Outcome keep_tunnel(std::unique_ptr<TunnelPeer> peer, Milliseconds idle_timeout);
  bool is_tunnel() const { return is_tunnel_; }

  // --- client gone
  // While watching, a client that closes ends the exchange: its task is destroyed, status 499 is logged. The proxy watches while it
  // waits for an upstream, unless told to ignore it.
  void watch_client(bool on) { watch_client_ = on; }

  // --- errors
  // set_error records why the proxy answers by itself: first one wins; shown by $proxy_error, the log and the response header
  // "Proxy-Status" (RFC 9209).
  void set_error(ErrorKind kind, ErrorSource source, std::string_view cause);
  std::string_view error_cause() const { return error_cause_; }
  ErrorKind error_kind() const { return error_kind_; }
  ErrorSource error_source() const { return error_source_; }
  // log_error writes to the location's error log with this exchange's context.
  template <class... Parts>
  void log_at(LogLevel level, const Parts&... parts) {
    if (log().enabled(level)) log().write(level, concat(parts...), this);
  }
  uint64_t log_connection() const override { return connection_number(); }
  void append_log_context(std::string& line) const override;

  // --- values of modules and variables
  // slot is a module's own pointer for this exchange (ModuleDeclarations::exchange_slot), null at first.
  void*& slot(uint32_t index) { return slots_[index]; }
  // Values of `set` variables.
  std::string_view set_value(uint32_t index) const { return index < set_count_ ? set_values_[index] : std::string_view(); }
  void store_set_value(uint32_t index, std::string_view value);  // the view must live as long as the exchange

  // --- upstream records
  UpstreamAttemptRecord* attempts() const { return first_attempt_; }
  UpstreamAttemptRecord& add_attempt();
  const Headers* upstream_headers = nullptr;   // of the last response head received, for $upstream_http_*
  std::string_view proxy_host;                 // $proxy_host
  std::string_view proxy_port;
  // enter says that `handler` (text of the configuration's life) runs for this exchange now, for the watchdog's obituary. Call it
  // before anything that could run for long, at every resumption.
  void enter(std::string_view handler);
  std::string_view running_handler() const { return running_handler_; }

 protected:
  Exchange(ClientConnection& connection, Arena& arena, std::shared_ptr<const Generation> generation);
  ~Exchange() = default;

  void make_set_values();

  enum class BodyState : uint8_t { none, unread, streaming, streamed, buffered, stored };

  ClientConnection& connection_;
  Arena& arena_;
  std::shared_ptr<const Generation> generation_;
  const VirtualServer* server_ = nullptr;
  const Location* location_ = nullptr;
  RequestHead request_;
  ResponseHead response_;
  std::string_view uri_;
  std::string_view args_;
  std::string_view body_;
  BodyFile* body_file_ = nullptr;
  void** slots_ = nullptr;
  std::string_view* set_values_ = nullptr;
  uint32_t set_count_ = 0;
  Headers* trailers_ = nullptr;
  UpstreamAttemptRecord* first_attempt_ = nullptr;
  UpstreamAttemptRecord* last_attempt_ = nullptr;
  Exchange* parent_ = nullptr;
  const Address* forwarded_client_ = nullptr;
  std::string_view forwarded_host_;
  std::string_view error_cause_;
  std::string_view running_handler_;
  ErrorKind error_kind_ = ErrorKind::internal;
  ErrorSource error_source_ = ErrorSource::internal;
  uint64_t started_us_ = 0;
  uint64_t started_wall_ms_ = 0;
  uint64_t body_bytes_sent_ = 0;
  uint32_t internal_redirects_ = 0;
  BodyState body_state_ = BodyState::none;
  bool uri_is_raw_ = true;
  bool internal_ = false;
  bool seeks_location_ = false;
  bool location_matches_ = true;
  bool head_sent_ = false;
  bool response_finished_ = false;
  bool keep_connection_ = true;
  bool is_tunnel_ = false;
  bool watch_client_ = false;
};

// error_status maps the error of a request body or of an upstream to the status to answer: timeout 408 (client) or 504,
// too_large 413, bad_message 400 or 502, closed 499/502, unavailable 503 or 502.
SLUICE_API int error_status(const Error& error);

}  // namespace sluice
