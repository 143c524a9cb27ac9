// Attempt: one try at one peer: a connection, the request out, the response's head in, then its body to the client.
//
// Nearly always an idle connection takes the whole request at once, and the head of the response comes in one read: that way is plain
// code around one wait, which the handler's own coroutine does. Everything else is converse().
//
//     send_at_once -- all of it --> wait for first_bytes --> judge_first -- a whole head --> relay
//           | no connection, short write, body to follow         | a piece of a head, an interim one, a stale connection
//           '--------------------------> converse <--------------'
//
// attempt.cc is the way to the head of the response, attempt_relay.cc what becomes of its body.
//
// Created and used inside the handler's coroutine; destroyed with it when the client leaves. Whatever happens, the group and its
// observers are told once how it ended.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <sluice/event/task.h>
#include <sluice/http/message.h>
#include <sluice/upstream/upstream.h>

#include "http/byte_buffer.h"
#include "http/chunked.h"
#include "http/head_scanner.h"
#include "upstream/connection_pool.h"
#include "upstream/response_spool.h"

namespace sluice {

class PeersInUse;
class ProxyHandler;
class UpstreamGroup;

// What is sent to the peer; made once per request, used by every attempt.
struct OutgoingRequest {
  std::string_view head;
  std::string_view body;        // the whole body, or what of it arrived with the head
  const BodyFile* file = nullptr;  // the whole body, instead of `body`
  bool streams_body = false;    // the rest follows from the client while the response may already come
  bool chunked = false;         // how the rest is framed
  bool upgrade = false;         // asks for a WebSocket
  Method method = Method::get;  // of the request line: what the response answers
  bool replayable = true;       // nothing of the client's body is consumed that a second attempt would need
};

class Attempt {
 public:
  Attempt(const ProxyHandler& handler, UpstreamRequest& request, const UpstreamGroup& group, PeerPool& pool, OutgoingRequest& outgoing);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // send_at_once sends the request on an idle connection. True: all of it is on its way; await first_bytes() and give them to
  // judge_first. False: converse() goes on.
  bool send_at_once();
  Stream::ReadAwaiter first_bytes() { return connection_->stream().read(read_deadline()); }
  // judge_first gives the result when what came is a whole head, or tells that there will be none. Nothing: converse() goes on.
  std::optional<AttemptResult> judge_first(Result<std::span<char>>& got);
  // converse does what is left to do until there is a result: dial, send, read heads. Kinds success and http_status: a head is there.
  Task<AttemptResult> converse();
  const ResponseHead& response() const { return *response_; }
  // relay passes the response on to the client; a tunnel goes on to use the peers. REQUIRES: there is a head, and nothing was awaited
  // since; `peers` outlive the task.
  Task<Outcome> relay(const PeersInUse& peers);
  // drop_response ends the attempt well, although nothing of the response is passed on. REQUIRES: as relay.
  void drop_response();
  // give_up ends the attempt without using the head that came: the next peer is tried.
  void give_up(const AttemptResult& result) { report(result); }
  // error_text says in nginx's words what went wrong.
  const std::string& error_text() const { return error_text_; }
  // The client's fault (its body was bad or late): the status to answer; 0 otherwise.
  int client_status() const { return client_error_ ? error_status(*client_error_) : 0; }
  // log_failure writes the one line that says why there is no response.
  void log_failure();

 private:
  // A client that is slower than the peer, and what is kept for it.
  struct SlowClient {
    explicit SlowClient(const ResponseSpool::Limits& limits) : spool(limits) {}
    ResponseSpool spool;
    Signal drained;       // something of the spool was taken, or the client is gone
    bool failed = false;
    Flow flow;            // drain; last member: cancelled before what it uses goes away
  };

  Task<std::optional<AttemptResult>> connect();
  void write_request();
  Task<void> send_rest();
  Task<void> send_body();
  Task<void> send_file();
  void give_up_sending(Error error);
  void stop_for_client(Error error);
  Task<AttemptResult> read_head();
  // judge_buffered looks for heads in buffer_; nothing: more must be read, or an interim head is to be passed on.
  std::optional<AttemptResult> judge_buffered(HeadScanner& scanner, bool& interim);
  // judge_block judges a final head that one read brought as a whole; nothing: it is something else.
  std::optional<AttemptResult> judge_block(std::string_view block);
  std::optional<AttemptResult> judge_head(std::string_view text);
  // parse_head makes response_ of a whole head; judge_parsed says what it comes to, nothing for an interim one.
  HeadResult parse_head(std::string_view text);
  std::optional<AttemptResult> judge_parsed();
  AttemptResult refused_head(const HeadResult& refusal);
  bool passes_interim_on() const;
  // patience: how long to wait on after a read that timed out, because the request itself is still on its way; nothing: no longer.
  std::optional<Tick> patience(Milliseconds timeout) const;
  Task<Outcome> relay_at_once();
  Task<Outcome> relay_body();
  // relay_unseen gives nothing when the client is slow: the rest is to be kept.
  Task<std::optional<Outcome>> relay_unseen();
  // pass_on sends a piece, or keeps it while the client has not taken the earlier ones. False: the client is gone.
  Task<bool> pass_on(std::string_view piece, bool complete);
  Task<bool> pass_on_last(std::string_view piece);
  Task<bool> finish_sending(Task<Result<void>> sending);
  void keep(std::string_view piece);
  void keep_rest(std::string_view rest);
  SlowClient& slow();
  bool draining() const { return slow_ != nullptr && slow_->flow.running(); }
  void plan_relay();
  bool splices() const;
  Task<Outcome> end_early();
  // drain sends what was kept, as the client takes it.
  Task<void> drain(Task<Result<void>> sending);
  Task<Result<void>> drain_file(ResponseSpool& spool);
  Task<void> wait_for_client();
  Task<void> keep_pace();
  // cut_off ends a response whose rest will not come; `error` is null when the peer just closed.
  Outcome cut_off(const Error* error);
  void count_unseen();
  Task<Outcome> tunnel(const PeersInUse& peers);
  // decode takes the body's bytes out of what arrived: in place, chunk framing removed. `complete`: the message is over.
  Result<std::string_view> decode(std::string_view bytes, bool& complete);
  AttemptResult failed(AttemptResult::Kind kind, const Error& error, std::string_view doing);
  // no_head tells why a read brought no bytes of a head.
  AttemptResult no_head(const Result<std::span<char>>& got);
  // is_stale: see converse.
  bool is_stale(const AttemptResult& result) const;
  void forget_connection();
  void report(const AttemptResult& result);
  void end_upstream();
  void log_client_error();
  int64_t elapsed_us() const { return static_cast<int64_t>(clock_.now_us() - started_us_); }
  HeadScanner::Limits head_limits() const;
  Milliseconds read_timeout() const;
  Milliseconds send_timeout() const;
  Tick read_deadline() const { return clock_.now() + static_cast<Tick>(read_timeout().count()); }

  const ProxyHandler& handler_;
  UpstreamRequest& request_;
  const UpstreamGroup& group_;
  Exchange& exchange_;
  const Clock& clock_;
  PeerPool& pool_;
  OutgoingRequest& outgoing_;
  UpstreamAttemptRecord& record_;
  std::unique_ptr<UpstreamConnection> connection_;
  ByteBuffer buffer_;                     // of a head that came in pieces
  ResponseHead* response_ = nullptr;      // in the exchange's arena
  std::string_view rest_;                 // what followed the head: in the scratch or in buffer_
  std::optional<ChunkedDecoder> decoder_;
  uint64_t body_left_ = 0;
  std::optional<uint64_t> unseen_from_;   // while the body is spliced: the client's byte count that record_ knows
  std::optional<Error> client_error_;
  std::optional<Error> send_error_;       // the peer may have answered all the same
  std::string error_text_;
  uint64_t started_us_;
  uint64_t limit_rate_ = 0;
  uint64_t sent_of_file_ = 0;
  size_t written_ = 0;                    // of the request's head and the body that goes with it
  Tick last_sent_ = 0;                    // when the request last made progress
  int interim_heads_ = 0;
  bool begun_ = false;                    // something of the request was written to connection_, or tried to
  bool reused_ = false;
  bool received_ = false;
  bool body_sent_ = false;
  bool surplus_ = false;                  // bytes came behind the message: the connection is of no more use
  bool reported_ = false;
  bool buffers_ = false;                  // what the client does not take is kept
  std::unique_ptr<SlowClient> slow_;      // last members: cancelled before what they use goes away
  Flow sender_;
};

}  // namespace sluice
