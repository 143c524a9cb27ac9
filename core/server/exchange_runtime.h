// ExchangeRuntime: the core's side of an Exchange: reading the body, writing the response, running the phases.
//
//   request_body.cc     the body: whole, in pieces, or thrown away
//   response_writer.cc  head and body to the client
//   response_pace.cc    no faster than limit_rate
//   error_page.cc       what is answered when nothing else is
//   phase_engine.cc     the phases in their order
//   tunnel.cc           what follows a 101
//   exchange_sleep.cc   being away while a tunnel stands
//   subrequest.cc       exchanges on behalf of this one
//   body_splice.cc      long bodies that pass without being looked at
#pragma once

#include <optional>

#include <sluice/server/exchange.h>
#include <sluice/server/generation.h>
#include <sluice/server/subrequest.h>

#include <sluice/net/stream.h>

#include "http/byte_buffer.h"
#include "http/chunked.h"
#include "net/splice.h"
#include "server/rate_pacer.h"
#include "server/routing.h"

namespace sluice {

class ExchangeRuntime final : public Exchange {
 public:
  ExchangeRuntime(ClientConnection& connection, Arena& arena, std::shared_ptr<const Generation> generation, Stream& stream,
                  ByteBuffer& input)
      : Exchange(connection, arena, std::move(generation)), stream_(stream), input_(input) {}
  // A subrequest of `parent`; see subrequest.cc.
  ExchangeRuntime(ExchangeRuntime& parent, const SubrequestSpec& spec);
  ~ExchangeRuntime();

  static ExchangeRuntime& of(Exchange& exchange) { return static_cast<ExchangeRuntime&>(exchange); }

  // start is called once the head was parsed (or refused): picks the server and prepares the body's state.
  void start(const HostTable& hosts, uint64_t started_us, uint64_t started_wall_ms);
  // run does everything from the first phase to the end of the response; refuse answers a request that could not be parsed. Both go
  // on until something has to wait: then they return true, `wait` is what to await, and go_on wants its outcome; false is the end.
  // So an exchange that never waits needs no coroutine. The log phase is separate: it runs however run ended.
  bool run(Task<Outcome>& wait);
  bool refuse(int status, const char* reason, Task<Outcome>& wait);
  bool go_on(Outcome outcome, Task<Outcome>& wait);
  // run_log_phase happens once; false when it has happened already.
  bool run_log_phase();
  // client_left records that the client went away before the response was there (status 499).
  void client_left();
  // discard_body reads what is left of the body; false when the connection cannot be used again.
  Task<bool> discard_body();

  // --- for the tunnel that follows a 101
  // can_sleep: no module keeps anything in the exchange that does not travel, so that it may be destroyed before its log phase, and
  // made anew for it.
  bool can_sleep() const;
  // pack gives in `into` what the log phase may ask for, and its size. The exchange is of no more use. REQUIRES: can_sleep().
  size_t pack(std::unique_ptr<char[]>& into);
  // unpack makes of a new exchange, of the same connection and generation, the one that was packed.
  void unpack(std::string_view packed);
  // end_tunnel notes how the tunnel ended; `error` is null when both sides said so.
  void end_tunnel(const Error* error, uint64_t sent_to_client);

  // --- what an `if` among the scripts asks for (branch_handler.cc)
  void skip_handlers(uint32_t count) { handler_ += count; }
  // enter_branch goes on in a location with the same scripts as this one, at the same place.
  void enter_branch(const Location& inside);

  // await_sent turns what sending the last piece came to into an outcome.
  static Task<Outcome> await_sent(Task<Result<void>> sent);

  // --- body_splice.cc: for who passes bodies on without looking at them
  // splices_response: what is missing of the response are these bytes, many, and they go to the client as they are.
  bool splices_response(uint64_t bytes) const;
  // splice_response sends the rest of the response from the stream. The counters grow while it goes on; after a timeout of the source
  // it can be called again. A client that is slow ends it (SpliceOptions::slow_after). REQUIRES: splices_response.
  Task<Spliced> splice_response(Stream& from, Milliseconds read_timeout, Milliseconds slow_after);
  // splices_body: what is missing of the request's body is still in the socket, long, and of known length.
  bool splices_body() const;
  // splice_body sends it to the stream; `moved` counts. Errors of the source are the client's. REQUIRES: splices_body.
  Task<Spliced> splice_body(Stream& to, Milliseconds write_timeout, uint64_t& moved);

  // --- subrequest.cc
  uint32_t depth() const { return depth_; }
  // run_phases is run for a URI that is normalised already.
  bool run_phases(Task<Outcome>& wait);
  void end_subrequest();
  // What was started beside this exchange: the connection waits for its end.
  void add_background(Subrequest subrequest);
  bool has_background() const { return background_running_ > 0; }
  Task<void> background_done();
  void cancel_background();

  uint64_t sent_on_connection() const { return stream_.bytes_written() - bytes_sent_before_; }
  // has_bytes_behind: the client has sent more than was used.
  bool has_bytes_behind() const { return !input_.empty() || stream_.has_unread(); }
  bool watches_client() const { return watch_client_; }
  bool aborted() const { return aborted_; }
  bool body_refused() const { return body_refused_; }
  // needs_reset: the configuration wants one after a timeout, or the client would take the cut-off body for a complete one if the connection just closed.
  bool needs_reset() const {
    if (timed_out_ && location_->core.reset_timedout_connection) return true;
    return head_sent_ && !response_finished_ && response_framing_ == BodyFraming::until_close;
  }
  bool keeps_connection() const { return keep_connection_ && !aborted_; }
  // request_length is what was read of the request so far: its head and its body without its framing.
  uint64_t request_length() const { return head_bytes + body_received_; }
  // root_of gives the exchange of the client's request: this one, or the one around this subrequest.
  static Exchange& root_of(Exchange& exchange);
  // request_id makes 32 random hex digits once, for a request and its subrequests.
  std::string_view request_id();
  uint64_t head_bytes = 0;  // as received
  bool draining = false;  // the worker shuts down: say Connection: close

 private:
  friend class Exchange;

  // --- phase_engine.cc
  bool follow(Outcome step, Task<Outcome>& wait);
  Outcome enter_phases(Outcome why);
  void enter_phase(Phase phase);
  Outcome leave_phase();
  Outcome judged(Outcome outcome);
  Outcome take_replacement();
  void pass_access();
  bool asks_other_access_handlers(int status);
  bool end_with(Outcome outcome, Task<Outcome>& wait);
  bool send_page(int status, Task<Outcome>& wait);
  bool page_sent(Outcome outcome, Task<Outcome>& wait);
  bool end_response(Outcome outcome, Task<Outcome>& wait);
  Outcome find_location();
  void limit_methods();
  Outcome check_body_size();
  Outcome redirect_to_slash();

  // --- error_page.cc
  Outcome choose_error_page(int status);
  void take_forced_status();
  void forget_entity(int status);
  Task<Outcome> send_default_page(int status);

  // --- request_body.cc
  Task<Result<void>> collect_body();
  void begin_collecting() { collecting_since_ = loop().now(); }
  Tick body_deadline() const;
  Tick body_due() const;
  bool is_too_slow() const;
  Task<Result<std::string_view>> read_piece();
  Result<std::string_view> decode_piece(std::string_view bytes, bool from_input, bool& need_more);
  Result<void> count_body(uint64_t bytes);
  Task<Result<void>> send_continue();

  // --- body_file.cc
  Task<Result<void>> collect_or_store();
  Result<void> append_to_file(std::string_view piece);
  Result<void> open_body_file();
  Result<void> load_body();

  // --- subrequest.cc
  struct Background;
  void take_request(const ExchangeRuntime& parent, const SubrequestSpec& spec);
  Result<void> note_piece(const BodyPiece& piece);

  // --- tunnel.cc
  Task<Result<void>> open(Stream& upstream, std::string_view early, Milliseconds timeout);

  // --- exchange_sleep.cc
  template <class Io>
  void pass_state(Io& io);
  template <class Io>
  void pass_slots(Io& io);

  // --- response_writer.cc
  struct ActiveFilter {
    const BodyFilter* filter;
    bool more = false;   // it has more to say about the last piece, which came with these:
    bool last = false;
    bool flush = false;
  };
  Result<void> head_of(const BodyPiece& piece);
  Result<void> filter_head(int64_t content_length);
  Result<void> render_head(int64_t content_length);
  Task<Result<void>> send_filtered(BodyPiece piece);
  Result<void> filter_piece(size_t from, BodyPiece& piece);
  ActiveFilter* filter_with_more();
  Task<Result<void>> send_pieces(BodyPiece piece);
  bool is_clean(const Header& field);
  std::string_view render_trailers();
  Task<Result<void>> write_piece(BodyPiece piece);
  Task<Result<void>> write_parts(int count);
  Task<Result<void>> write_rest(int count);

  // --- response_pace.cc
  void begin_pacing();
  Task<Result<void>> write_paced(int count);

  Stream& stream_;
  ByteBuffer& input_;
  std::optional<ChunkedDecoder> decoder_;
  uint64_t body_left_ = 0;          // of a body with Content-Length
  uint64_t body_received_ = 0;
  Tick collecting_since_ = 0;       // of a body that is collected whole; 0: it is not
  std::string_view request_id_;
  std::string_view pending_head_;   // rendered, not written yet
  uint64_t bytes_sent_before_ = 0;  // stream's counter when the exchange began
  iovec parts_[6];
  char chunk_header_[20];
  uint64_t response_left_ = 0;      // of a response with Content-Length
  ActiveFilter* filters_ = nullptr;  // body filters that work on this response, in their order
  uint32_t filter_count_ = 0;
  bool own_limit_rate_ = false;     // set_limit_rate was called
  uint64_t limit_rate_ = 0;
  RatePacer* pacer_ = nullptr;      // null: the response leaves as fast as the client takes it
  int redirects_ = 0;
  int error_status_override_ = 0;   // error_page =code
  int refused_access_ = 0;          // `satisfy any`: what an access handler answered; others may still let the client pass
  Outcome replacement_;             // what a header filter wants instead of the response; next() when nothing
  const PhaseHandler* const* handler_ = nullptr;  // what runs next in phase_
  const PhaseHandler* const* handlers_end_ = nullptr;
  Background* backgrounds_ = nullptr;
  Signal* background_done_ = nullptr;
  uint32_t background_running_ = 0;
  uint32_t depth_ = 0;              // of a subrequest: how many are around it
  Phase phase_ = Phase::server_rewrite;
  bool ending_ = false;             // the phases are over: the rest of the response is being sent
  bool filters_off_ = false;        // the answer to a header filter's refusal does not pass the filters again
  bool in_error_page_ = false;
  bool continue_sent_ = false;
  bool body_refused_ = false;       // too large or malformed: the client may still be sending it
  bool aborted_ = false;
  bool timed_out_ = false;           // the client took nothing for send_timeout, or a 444 counts as such
  bool logged_ = false;
  bool body_allowed_ = true;        // HEAD, 204, 304: none
  BodyFraming response_framing_ = BodyFraming::none;
};

}  // namespace sluice
