// Attempt: one try at one peer: a connection, the request out, the response's head in, then its body to the client.
//
// Created, begun and relayed inside the handler's coroutine; destroyed with it when the client leaves. Whatever happens, the group
// and its observers are told once how it ended.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <sluice/event/task.h>
#include <sluice/http/message.h>
#include <sluice/upstream/upstream.h>

#include "http/chunked.h"
#include "upstream/connection_pool.h"
#include "http/byte_buffer.h"

namespace sluice {

class ProxyHandler;
class UpstreamGroup;

// What is sent to the peer; made once per request, used by every attempt.
struct OutgoingRequest {
  std::string_view head;
  std::string_view body;        // the whole body, or what of it arrived with the head
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

  // begin connects, sends the request and reads the head of the response. Kinds success and http_status: a head is there.
  Task<AttemptResult> begin();
  const ResponseHead& response() const { return *response_; }
  // relay passes the response on to the client. REQUIRES: begin gave a head, and nothing was awaited since.
  Task<Outcome> relay();
  // give_up ends the attempt without using the head that came: the next peer is tried.
  void give_up(const AttemptResult& result) { report(result); }
  // error_text says in nginx's words what went wrong.
  const std::string& error_text() const { return error_text_; }
  // The client's fault (its body was bad or late): the status to answer; 0 otherwise.
  int client_status() const { return client_error_ ? error_status(*client_error_) : 0; }
  // log_failure writes the one line that says why there is no response.
  void log_failure();

 private:
  Task<AttemptResult> converse();
  Task<AttemptResult> read_head();
  // judge_head parses a complete head; nothing: it was an interim one, or more must be read.
  std::optional<AttemptResult> judge_head(std::string_view text);
  bool passes_interim_on() const;
  // patience: how long to wait on after a read that timed out, because the request itself is still on its way; nothing: no longer.
  std::optional<Tick> patience(Milliseconds timeout) const;
  Task<void> send_body();
  Task<Outcome> relay_at_once();
  Task<Outcome> relay_body();
  static Task<Outcome> await_sent(Task<Result<void>> sent);
  Task<Outcome> tunnel();
  // decode takes the body's bytes out of what arrived: in place, chunk framing removed. `complete`: the message is over.
  Result<std::string_view> decode(std::string_view bytes, bool& complete);
  AttemptResult failed(AttemptResult::Kind kind, const Error& error, std::string_view doing);
  AttemptResult lost(std::string_view doing);
  void report(const AttemptResult& result);
  void end_upstream();
  void log_client_error();
  uint64_t elapsed_us() const;
  bool was_reused() const { return reused_ && !received_; }
  Milliseconds timeout_of(Milliseconds override_value, Milliseconds configured) const;

  const ProxyHandler& handler_;
  UpstreamRequest& request_;
  const UpstreamGroup& group_;
  Exchange& exchange_;
  PeerPool& pool_;
  OutgoingRequest& outgoing_;
  UpstreamAttemptRecord& record_;
  std::unique_ptr<UpstreamConnection> connection_;
  ByteBuffer buffer_;                     // of a head that came in pieces
  ResponseHead* response_ = nullptr;      // in the exchange's arena
  std::string_view rest_;                 // what followed the head: in the scratch or in buffer_
  std::optional<ChunkedDecoder> decoder_;
  uint64_t body_left_ = 0;
  std::optional<Error> client_error_;
  std::string error_text_;
  uint64_t started_us_;
  Tick last_sent_ = 0;                    // when the request last made progress
  int interim_heads_ = 0;
  bool reused_ = false;
  bool received_ = false;
  bool body_sent_ = false;
  bool surplus_ = false;                  // bytes came behind the message: the connection is of no more use
  bool reported_ = false;
  Flow sender_;                           // last member: cancelled before what it uses goes away
};

}  // namespace sluice
