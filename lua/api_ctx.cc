// ngx.ctx, ngx.status, ngx.headers_sent, ngx.is_subrequest: what looks like a field of ngx and belongs to the request.

#include "api.h"

namespace sluice {

namespace {

int push_ctx(lua_State* L, LuaRequest& request) {
  request.drop_stale_ctx();
  if (request.ctx_ref == LUA_NOREF) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    request.ctx_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, request.ctx_ref);
  }
  return 1;
}

int get_ctx(lua_State* L) {
  Vm& vm = Vm::of(L);
  if (vm.call.exchange != nullptr) return push_ctx(L, vm.request(*vm.call.exchange));
  if (vm.call.thread != nullptr) return vm.call.thread->push_ctx(L);
  if (vm.call.phase == LuaPhase::init) return luaL_error(L, "no request ctx found");
  lua_newtable(L);
  return 1;
}

int get(lua_State* L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  std::string_view key = text_at(L, 2);
  if (key == "ctx") return get_ctx(L);
  if (key == "status") {
    lua_pushinteger(L, request_in(L, kRequestPhases).response().status);
    return 1;
  }
  if (key == "headers_sent") {
    lua_pushboolean(L, request_in(L, kRequestPhases).head_sent());
    return 1;
  }
  if (key == "is_subrequest") {
    request_in(L, kRequestPhases);
    lua_pushboolean(L, 0);
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
  if (vm.call.exchange != nullptr) {
    LuaRequest& request = vm.request(*vm.call.exchange);
    request.drop_stale_ctx();
    request.drop_ctx();
    request.ctx_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
  }
  if (vm.call.thread != nullptr) {
    vm.call.thread->set_ctx(L);
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

constexpr luaL_Reg kMeta[] = {{"__index", get}, {"__newindex", set}, {nullptr, nullptr}};

}  // namespace

void install_ctx(lua_State* L) {
  lua_createtable(L, 0, 2);
  set_functions(L, kMeta);
  lua_setmetatable(L, -2);
}

}  // namespace sluice
