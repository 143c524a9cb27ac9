// ngx.req: the request's body. It is always in memory, so that get_body_file has nothing to give.

#include "api.h"
#include "args.h"

namespace sluice {

namespace {

constexpr uint32_t kBodyPhases = kOutputPhases | LuaPhase::log | LuaPhase::balancer;

int read_body(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases);
  if (!exchange.has_body() || (exchange.body_started() && exchange.body_file() == nullptr)) return 0;
  Task<Result<void>> reading = exchange.read_body();
  if (!reading.ready()) return Vm::of(L).call().thread->wait_task(L, std::move(reading), nullptr);
  Result<void> read = reading.take();
  if (read.ok()) return 0;
  return Vm::of(L).call().thread->leave(L, LuaThread::Ask::exit, error_status(read.error()));
}

// The connection throws the rest of a body away by itself.
int discard_body(lua_State* L) {
  request_in(L, kOutputPhases);
  return 0;
}

bool holds_body(const Exchange& exchange) { return exchange.body_read() && !exchange.body().empty(); }

int get_body_data(lua_State* L) {
  Exchange& exchange = request_in(L, kBodyPhases);
  if (!holds_body(exchange)) return lua_pushnil(L), 1;
  std::string_view body = exchange.body();
  if (!lua_isnoneornil(L, 1)) body = body.substr(0, static_cast<size_t>(std::max<lua_Integer>(luaL_checkinteger(L, 1), 0)));
  push_text(L, body);
  return 1;
}

int get_body_file(lua_State* L) {
  request_in(L, kBodyPhases);
  lua_pushnil(L);
  return 1;
}

int set_body_data(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases | LuaPhase::balancer);
  std::string_view body = text_at(L, 1);
  if (exchange.has_body() && !exchange.body_read()) return luaL_error(L, "request body not read yet");
  exchange.set_body(body);
  Headers& headers = exchange.request().headers;
  headers.remove(HeaderId::transfer_encoding);
  headers.set(HeaderId::content_length, exchange.arena().concat(std::to_string(body.size())));
  return 0;
}

int get_post_args(lua_State* L) {
  Exchange& exchange = request_in(L, kBodyPhases);
  if (exchange.has_body() && !exchange.body_read()) {
    return luaL_error(L, "no request body found; maybe you should turn on lua_need_request_body?");
  }
  return push_arguments(L, exchange.body_read() ? exchange.body() : std::string_view(), luaL_optinteger(L, 1, 100), 0);
}

constexpr luaL_Reg kFunctions[] = {{"read_body", read_body},         {"discard_body", discard_body},   {"get_body_data", get_body_data},
                                   {"get_body_file", get_body_file}, {"set_body_data", set_body_data}, {"get_post_args", get_post_args},
                                   {nullptr, nullptr}};

}  // namespace

void install_request_body(lua_State* L) {
  lua_getfield(L, -1, "req");
  set_functions(L, kFunctions);
  lua_pop(L, 1);
}

}  // namespace sluice
