#include "ending.h"

namespace sluice {

namespace {

Ending failed(Exchange& exchange, const LuaThread& thread) {
  exchange.log_at(LogLevel::error, "lua entry thread aborted: runtime error: ", thread.failure());
  exchange.set_error(ErrorKind::internal, ErrorSource::internal, "runtime error in Lua");
  return {exchange.head_sent() ? Outcome::abort() : Outcome::status(500), false};
}

// What going on means: of access_by_lua it is that the client may pass, for `satisfy any`.
Outcome onwards(LuaPhase phase) { return phase == LuaPhase::access ? Outcome::allowed() : Outcome::next(); }

bool closes_connection(int code) { return code < 0 || code == 408 || code == 444 || code == 499; }

// ngx.exit: 0 goes on with the next phase (ends the response in content), ngx.DECLINED does so without a word on who may pass, 2xx ends the response here, the rest is an error page.
Ending exited(Vm& vm, Exchange& exchange, LuaPhase phase, int code) {
  constexpr int kDeclined = -5;
  if (code == kDeclined && (phase == LuaPhase::rewrite || phase == LuaPhase::access)) return {Outcome::next(), false};
  if (closes_connection(code)) {
    if (code > 0 && !exchange.head_sent()) exchange.response().status = code;
    return {Outcome::abort(), false};
  }
  LuaRequest* request = vm.find_request(exchange);
  const bool produced = request != nullptr && request->produced();
  if (code == 0) {
    const bool finishes = phase == LuaPhase::content || produced;
    return {finishes ? Outcome::finished() : onwards(phase), finishes};
  }
  if (exchange.head_sent() || (code >= 200 && code < 300 && code != 204)) {
    if (!exchange.head_sent() && exchange.response().status == 0) exchange.response().status = code;
    return {Outcome::finished(), true};
  }
  if (request != nullptr) request->drop_output();
  return {Outcome::status(code), false};
}

Ending left(Vm& vm, Exchange& exchange, const LuaThread& thread) {
  switch (thread.ask()) {
    case LuaThread::Ask::reroute: return {Outcome::reroute(), false};
    case LuaThread::Ask::internal: return {Outcome::internal_redirect(), false};
    case LuaThread::Ask::named: return {Outcome::named(), false};
    default: return exited(vm, exchange, thread.call().phase, thread.exit_code());
  }
}

}  // namespace

Ending ending_of(Vm& vm, Exchange& exchange, LuaThread& thread, LuaThread::Step step) {
  if (step == LuaThread::Step::failed) return failed(exchange, thread);
  if (step == LuaThread::Step::left) return left(vm, exchange, thread);
  if (thread.call().phase == LuaPhase::content) return {Outcome::finished(), true};
  LuaRequest* request = vm.find_request(exchange);
  const bool produced = request != nullptr && request->produced();
  return {produced ? Outcome::finished() : onwards(thread.call().phase), produced};
}

Task<Result<void>> send_output(LuaRequest& request, bool last, bool flush) {
  BodyPiece piece;
  if (request.has_output()) piece.data = *request.output;
  piece.last = last;
  piece.flush = flush;
  return request.exchange.send(piece);
}

namespace {

Outcome finished(LuaRequest& request, const Result<void>& sent) {
  request.drop_output();
  return sent.ok() ? Outcome::finished() : Outcome::abort();
}

Task<Outcome> finish_later(LuaRequest& request, Task<Result<void>> sending) {
  Result<void> sent = co_await std::move(sending);
  co_return finished(request, sent);
}

}  // namespace

Task<Outcome> finish_response(LuaRequest& request) {
  request.eof = true;
  if (request.exchange.response_finished()) return Outcome::finished();
  const bool length_known = request.buffers_all && request.exchange.location().body_filters.empty();
  const int64_t total = length_known ? static_cast<int64_t>(request.has_output() ? request.output->size() : 0) : -1;
  Result<void> head = begin_head(request, total);
  if (!head.ok()) {
    // A header filter has put another response in place of this one; the phase engine knows, and Lua may make that one, too.
    request.drop_output();
    request.eof = request.buffers_all = false;
    return head.error().kind == ErrorKind::cancelled ? Outcome::finished() : Outcome::status(500);
  }
  Task<Result<void>> sending = send_output(request, true, false);
  if (sending.ready()) return finished(request, sending.take());
  return finish_later(request, std::move(sending));
}

}  // namespace sluice
