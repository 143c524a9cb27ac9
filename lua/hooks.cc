#include "hooks.h"

#include "ending.h"
#include "lua_conf.h"

namespace sluice {

Task<Outcome> LuaPhaseHook::run(Exchange& exchange) const {
  if (phase_ == LuaPhase::log) return run_log(exchange);
  if (lua_conf(*script_.vm, exchange).need_request_body && exchange.has_body() && (!exchange.body_started() || exchange.body_file() != nullptr)) return run_with_body(exchange);
  return run_script(exchange);
}

Task<Outcome> LuaPhaseHook::run_with_body(Exchange& exchange) const {
  Result<void> read = co_await exchange.read_body();
  if (!read.ok()) co_return Outcome::status(error_status(read.error()));
  co_return co_await run_script(exchange);
}

// What never waits never makes a coroutine: the outcome is returned at once.
Task<Outcome> LuaPhaseHook::run_script(Exchange& exchange) const {
  Vm& vm = *script_.vm;
  LuaThreadOwner thread(vm.acquire());
  lua_rawgeti(thread->state(), LUA_REGISTRYINDEX, script_.chunk);
  LuaCall call;
  call.phase = phase_;
  call.exchange = &exchange;
  LuaThread::Step step = thread->start(call, 0);
  if (step == LuaThread::Step::waiting) {
    return wait_out(exchange, std::move(thread), lua_conf(vm, exchange).check_client_abort);
  }
  Ending ending = ending_of(vm, exchange, *thread, step);
  thread.release();
  if (!ending.finishes) return ending.outcome;
  return finish_response(vm.request(exchange));
}

Task<Outcome> LuaPhaseHook::wait_out(Exchange& exchange, LuaThreadOwner thread, bool watch) const {
  if (watch) exchange.watch_client(true);
  LuaThread::Step step = co_await thread->wait_out();
  if (watch) exchange.watch_client(false);
  Ending ending = ending_of(*script_.vm, exchange, *thread, step);
  thread.release();
  if (!ending.finishes) co_return ending.outcome;
  co_return co_await finish_response(script_.vm->request(exchange));
}

Outcome LuaPhaseHook::run_log(Exchange& exchange) const {
  LuaCall call;
  call.phase = LuaPhase::log;
  call.exchange = &exchange;
  Result<void> ran = script_.vm->run(script_.chunk, call, 0);
  if (!ran.ok()) exchange.log_at(LogLevel::error, "failed to run log_by_lua*: ", ran.error().text);
  return Outcome::next();
}

Task<Outcome> LuaSetHook::run(Exchange& exchange) const {
  Vm& vm = *script_.vm;
  LuaCall call;
  call.phase = LuaPhase::set;
  call.exchange = &exchange;
  call.script = &script_;
  Result<void> ran = vm.run(script_.chunk, call, 1);
  if (!ran.ok()) {
    exchange.log_at(LogLevel::error, "failed to run set_by_lua*: ", ran.error().text);
    exchange.set_error(ErrorKind::internal, ErrorSource::internal, "error in set_by_lua");
    return Outcome::status(500);
  }
  size_t size = 0;
  const char* text = lua_tolstring(vm.main(), -1, &size);
  result_->set(exchange, text == nullptr ? std::string_view() : exchange.arena().copy({text, size}));
  lua_pop(vm.main(), 1);
  return Outcome::next();
}

Outcome LuaHeaderFilter::filter(Exchange& exchange) const {
  Vm& vm = *script_.vm;
  LuaCall call;
  call.phase = LuaPhase::header_filter;
  call.exchange = &exchange;
  Result<void> ran = vm.run(script_.chunk, call, 0);
  if (!ran.ok()) {
    exchange.log_at(LogLevel::error, "failed to run header_filter_by_lua*: ", ran.error().text);
    exchange.set_error(ErrorKind::internal, ErrorSource::internal, "error in header_filter_by_lua");
    return Outcome::status(500);
  }
  if (call.exit_code == LuaCall::kNoExit || call.exit_code == 0) return Outcome::next();
  return call.exit_code < 0 ? Outcome::abort() : Outcome::status(call.exit_code);
}

Result<void> LuaBodyFilter::filter(Exchange& exchange, BodyPiece& piece) const {
  Vm& vm = *script_.vm;
  LuaRequest& request = vm.request(exchange);
  if (request.filter_eof) {
    piece.data = {};
    return {};
  }
  LuaCall call;
  call.phase = LuaPhase::body_filter;
  call.exchange = &exchange;
  call.piece = &piece;
  Result<void> ran = vm.run(script_.chunk, call, 0);
  if (piece.last) request.filter_eof = true;
  if (ran.ok()) return {};
  exchange.log_at(LogLevel::error, "failed to run body_filter_by_lua*: ", ran.error().text);
  return Error(ErrorKind::internal, "error in body_filter_by_lua");
}

Result<void> LuaBalancer::pick(UpstreamRequest& request) {
  LuaCall call;
  call.phase = LuaPhase::balancer;
  call.exchange = &request.exchange;
  call.upstream = &request;
  request.target = AttemptTarget();
  Result<void> ran = script_.vm->run(script_.chunk, call, 0);
  if (!ran.ok()) {
    request.exchange.log_at(LogLevel::error, "failed to run balancer_by_lua*: ", ran.error().text);
    return Error(ErrorKind::internal, "error in balancer_by_lua");
  }
  if (call.exit_code != LuaCall::kNoExit && call.exit_code != 0) {
    return Error(call.exit_code == 503 ? ErrorKind::unavailable : ErrorKind::internal,
                 concat("balancer_by_lua exited with ", call.exit_code));
  }
  if (request.target.address.size() == 0 && request.target.peer == nullptr) return Error(ErrorKind::internal, "lua balancer: no peer set");
  return {};
}

uint32_t line_of_message(std::string_view message, std::string_view name) {
  if (!message.starts_with(name)) return 1;
  message.remove_prefix(name.size());
  if (!message.starts_with(':')) return 1;
  message.remove_prefix(1);
  auto line = parse_uint(message.substr(0, message.find(':')));
  return line && *line > 0 ? static_cast<uint32_t>(*line) : 1;
}

}  // namespace sluice
