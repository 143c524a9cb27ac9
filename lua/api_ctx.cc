// ngx.ctx, ngx.status, ngx.headers_sent, ngx.is_subrequest: what looks like a field of ngx and belongs to the request.

#include "api.h"

namespace sluice {

namespace {

// REQUIRES: upvalue 1 is the table of the VM's slots.
void push_ctx(lua_State* L, LuaRequest& request) {
  constexpr int kUsualFields = 4;
  request.drop_stale_ctx();
  if (request.ctx != LuaSlots::kNone) return lua_rawgeti(L, lua_upvalueindex(1), request.ctx);
  lua_createtable(L, 0, kUsualFields);
  lua_pushvalue(L, -1);
  request.ctx = request.vm.slots().put(L);
}

int get_ctx(lua_State* L, Vm& vm) {
  const LuaCall& call = vm.call();
  if (call.exchange != nullptr) push_ctx(L, vm.request(*call.exchange));
  else if (call.thread != nullptr) call.thread->push_ctx(L);
  else if (call.phase == LuaPhase::init) luaL_error(L, "no request ctx found");
  else lua_newtable(L);
  return 1;
}

int get(lua_State* L) {
  Vm& vm = Vm::of(L);
  size_t size = 0;
  const char* text = lua_tolstring(L, 2, &size);
  if (text == nullptr) return 0;
  if (text == vm.known.ctx) return get_ctx(L, vm);
  const std::string_view key(text, size);
  if (key == "status") {
    lua_pushinteger(L, request_in(L, kRequestPhases).response().status);
    return 1;
  }
  if (key == "headers_sent") {
    lua_pushboolean(L, request_in(L, kRequestPhases).head_sent());
    return 1;
  }
  if (key == "is_subrequest") {
    lua_pushboolean(L, request_in(L, kRequestPhases).parent() != nullptr);
    return 1;
  }
  return 0;
}

int set_status(lua_State* L) {
  Exchange& exchange = request_in(L, kRequestPhases);
  lua_Integer status = luaL_checkinteger(L, 3);
  if (exchange.head_sent()) {
    exchange.log_at(LogLevel::error, "attempt to set ngx.status after sending out response headers");
  } else if (status < 100 || status > 999) {
    exchange.log_at(LogLevel::error, "attempt to set ngx.status to an invalid value: ", static_cast<int64_t>(status));
  } else {
    exchange.response().status = static_cast<int>(status);
    exchange.response().reason = {};
  }
  return 0;
}

int set_ctx(lua_State* L) {
  Vm& vm = Vm::of(L);
  if (lua_type(L, 3) != LUA_TTABLE) {
    return luaL_error(L, "ctx should be a table while getting a %s", luaL_typename(L, 3));
  }
  lua_pushvalue(L, 3);
  if (vm.call().exchange != nullptr) {
    LuaRequest& request = vm.request(*vm.call().exchange);
    request.drop_stale_ctx();
    request.drop_ctx();
    request.ctx = vm.slots().put(L);
    return 0;
  }
  if (vm.call().thread != nullptr) {
    vm.call().thread->set_ctx(L);
    return 0;
  }
  return luaL_error(L, "no request ctx found");
}

int set(lua_State* L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    std::string_view key = text_at(L, 2);
    if (key == "ctx") return set_ctx(L);
    if (key == "status") return set_status(L);
    if (key == "headers_sent" || key == "is_subrequest") return luaL_error(L, "attempt to write to ngx.%s", key.data());
  }
  lua_rawset(L, 1);
  return 0;
}

}  // namespace

void install_ctx(lua_State* L) {
  lua_pushliteral(L, "ctx");
  Vm::of(L).known.ctx = lua_tolstring(L, -1, nullptr);
  luaL_ref(L, LUA_REGISTRYINDEX);
  lua_createtable(L, 0, 2);
  Vm::of(L).slots().push_table(L);
  lua_pushcclosure(L, get, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, set);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
}

}  // namespace sluice
