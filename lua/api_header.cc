// ngx.header and ngx.resp: the fields of the response.

#include <algorithm>

#include "api.h"
#include "header_tables.h"
#include "lua_conf.h"

namespace sluice {

namespace {

constexpr size_t kMaxNameBytes = 1024;

// response_field_name is field_name with '_' replaced by '-' in the Lua string at `index`, unless the location says otherwise.
FieldName response_field_name(lua_State* L, Exchange& exchange, int index) {
  FieldName name = field_name(L, index);
  if (name.text.size() > kMaxNameBytes) luaL_error(L, "header name is too long");
  if (!name.known.has_underscores || !lua_conf(Vm::of(L), exchange).transform_underscores) return name;
  char dashed[kMaxNameBytes];
  std::replace_copy(name.text.begin(), name.text.end(), dashed, '_', '-');
  lua_pushlstring(L, dashed, name.text.size());
  lua_replace(L, index);
  return field_name(L, index);
}

int get(lua_State* L) {
  Exchange& exchange = request_in(L, kHeaderPhases);
  FieldName name = response_field_name(L, exchange, 2);
  const Headers& headers = exchange.response().headers;
  push_field(L, headers, name.known.id != HeaderId::unknown ? headers.find(name.known.id) : headers.find(name.text));
  return 1;
}

int set(lua_State* L) {
  Exchange& exchange = request_in(L, kHeaderPhases);
  if (exchange.head_sent()) {
    exchange.log_at(LogLevel::error, "attempt to set ngx.header.", text_at(L, 2), " after sending out response headers");
    return 0;
  }
  FieldName name = response_field_name(L, exchange, 2);
  if (!name.known.valid) return luaL_error(L, "invalid header name \"%s\"", lua_tostring(L, 2));
  store_field(L, 3, exchange.arena(), exchange.response().headers, name, is_single_field(name.known.id), FieldStore::replace);
  return 0;
}

int get_headers(lua_State* L) {
  Exchange& exchange = request_in(L, kHeaderPhases);
  return push_headers(L, exchange.response().headers, luaL_optinteger(L, 1, 100), lua_toboolean(L, 2) != 0);
}

// The module ngx.resp.

int add_header(lua_State* L) {
  Exchange& exchange = request_in(L, kHeaderPhases);
  FieldName name = field_name(L, 1);
  if (!name.known.valid) return luaL_error(L, "invalid header name \"%s\"", lua_tostring(L, 1));
  if (exchange.head_sent()) return luaL_error(L, "attempt to add a header after sending out response headers");
  store_field(L, 2, exchange.arena(), exchange.response().headers, name, false, FieldStore::append);
  return 0;
}

int set_status(lua_State* L) {
  Exchange& exchange = request_in(L, kHeaderPhases);
  lua_Integer status = luaL_checkinteger(L, 1);
  if (status < 100 || status > 999 || exchange.head_sent()) return luaL_error(L, "bad status or response headers sent already");
  exchange.response().status = static_cast<int>(status);
  exchange.response().reason = lua_isnoneornil(L, 2) ? std::string_view() : exchange.arena().copy(text_at(L, 2));
  return 0;
}

constexpr luaL_Reg kResponseModule[] = {{"add_header", add_header}, {"set_status", set_status}, {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__index", get}, {"__newindex", set}, {nullptr, nullptr}};

}  // namespace

void install_header(lua_State* L) {
  install_header_tables(L);
  lua_newtable(L);
  lua_createtable(L, 0, 2);
  set_functions(L, kMeta);
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "header");
  lua_newtable(L);
  add_header_reader(L, "get_headers", get_headers);
  lua_setfield(L, -2, "resp");
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_newtable(L);
  set_functions(L, kResponseModule);
  add_header_reader(L, "get_headers", get_headers);
  lua_setfield(L, -2, "ngx.resp");
  lua_pop(L, 2);
}

}  // namespace sluice
