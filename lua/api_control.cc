// ngx.exit, redirect, exec, sleep: what ends or suspends the running code.

#include <sluice/base/clock.h>

#include "api.h"
#include "args.h"

namespace sluice {

namespace {

constexpr uint32_t kExitPhases = kWaitPhases | LuaPhase::header_filter | LuaPhase::balancer;

int exit(lua_State* L) {
  LuaCall& call = Vm::of(L).call();
  if ((phase_bit(call.phase) & kExitPhases) == 0) phase_error(L, kExitPhases);
  int code = static_cast<int>(luaL_checkinteger(L, 1));
  if (code == -2 || code == -4) return luaL_error(L, "bad argument to 'ngx.exit': does not accept NGX_AGAIN or NGX_DONE");
  if (call.thread == nullptr) {
    call.exit_code = code;
    return 0;
  }
  if (call.exchange != nullptr && call.exchange->head_sent() && code >= 300 && code != 408 && code != 444 && code != 499) {
    const int sent = call.exchange->response().status;
    if (code != sent) {
      call.exchange->log_at(LogLevel::error, "attempt to set status ", code, " via ngx.exit after sending out the response status ", sent);
    }
    code = 200;
  }
  return call.thread->leave(L, LuaThread::Ask::exit, code);
}

bool has_control_byte(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

int redirect(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases);
  std::string_view uri = text_at(L, 1);
  int status = static_cast<int>(luaL_optinteger(L, 2, 302));
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    return luaL_error(L,
                      "only ngx.HTTP_MOVED_TEMPORARILY, ngx.HTTP_MOVED_PERMANENTLY, ngx.HTTP_PERMANENT_REDIRECT, ngx.HTTP_SEE_OTHER, and "
                      "ngx.HTTP_TEMPORARY_REDIRECT are allowed");
  }
  if (has_control_byte(uri)) return luaL_error(L, "unsafe byte in the URI of ngx.redirect");
  if (exchange.head_sent()) return luaL_error(L, "attempt to call ngx.redirect after sending out the headers");
  exchange.response().headers.set(HeaderId::location, exchange.arena().copy(uri));
  return Vm::of(L).call().thread->leave(L, LuaThread::Ask::exit, status);
}

int exec_named(lua_State* L, Exchange& exchange, std::string_view name) {
  if (!exchange.set_named_location(name)) {
    exchange.log_at(LogLevel::error, "could not find named location \"", name, "\"");
    return Vm::of(L).call().thread->leave(L, LuaThread::Ask::exit, 500);
  }
  return Vm::of(L).call().thread->leave(L, LuaThread::Ask::named);
}

int exec(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases);
  Vm& vm = Vm::of(L);
  std::string_view uri = text_at(L, 1);
  if (uri.empty()) return luaL_error(L, "The uri argument is empty");
  if (exchange.head_sent()) return luaL_error(L, "attempt to call ngx.exec after sending out response headers");
  LuaRequest& request = vm.request(exchange);
  if (request.has_output()) return luaL_error(L, "attempt to call ngx.exec after sending out response headers");
  if (uri[0] == '@') {
    request.drop_ctx();
    return exec_named(L, exchange, uri);
  }
  if (has_control_byte(uri)) return luaL_error(L, "unsafe uri");
  size_t mark = uri.find('?');
  std::string_view path = uri.substr(0, mark);
  if (path.empty()) return luaL_error(L, "The uri argument is empty");
  std::string_view args = mark == std::string_view::npos ? std::string_view() : uri.substr(mark + 1);
  if (!lua_isnoneornil(L, 2)) {
    push_query(L, 2);
    std::string_view more = text_at(L, -1);
    args = args.empty() || more.empty() ? (args.empty() ? more : args) : exchange.arena().concat(args, "&", more);
  }
  request.drop_ctx();
  exchange.set_uri(path);
  exchange.set_args(args);
  return vm.call().thread->leave(L, LuaThread::Ask::internal);
}

int sleep(lua_State* L) {
  Vm& vm = Vm::of(L);
  if ((phase_bit(vm.call().phase) & kWaitPhases) == 0) phase_error(L, kWaitPhases);
  lua_Number seconds = luaL_checknumber(L, 1);
  if (!(seconds >= 0)) return luaL_error(L, "invalid sleep duration \"%f\"", seconds);
  constexpr lua_Number kLongestSeconds = 1e9;
  auto delay = static_cast<uint64_t>(std::min(seconds, kLongestSeconds) * 1000.0 + 0.5);
  return vm.call().thread->wait_sleep(L, delay == 0 ? 0 : Clock::of_thread().now() + delay);
}

constexpr luaL_Reg kFunctions[] = {{"exit", exit}, {"redirect", redirect}, {"exec", exec}, {"sleep", sleep}, {nullptr, nullptr}};

}  // namespace

void install_control(lua_State* L) { set_functions(L, kFunctions); }

}  // namespace sluice
