// ngx.req: the request's line and fields.

#include <sluice/base/clock.h>

#include "api.h"
#include "args.h"
#include "header_tables.h"

namespace sluice {

namespace {

int is_internal(lua_State* L) {
  lua_pushboolean(L, request_in(L, kRequestPhases).is_internal());
  return 1;
}

int start_time(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(request_in(L, kRequestPhases).started_wall_ms()) / 1000.0);
  return 1;
}

int http_version(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(request_in(L, kRequestPhases).request().version) / 10.0);
  return 1;
}

// The head as the phases see it now, rendered in the form in which it came.
int raw_header(lua_State* L) {
  Exchange& exchange = request_in(L, kRequestPhases);
  const RequestHead& head = exchange.request();
  if (head.version == HttpVersion::http2) return luaL_error(L, "http2 requests not supported yet");
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  auto add = [&buffer](std::string_view text) { luaL_addlstring(&buffer, text.data(), text.size()); };
  if (lua_toboolean(L, 1) == 0) {
    add(head.line);
    add("\r\n");
  }
  for (const Header& header : head.headers) {
    if (header.removed) continue;
    add(header.name());
    add(": ");
    add(header.value());
    add("\r\n");
  }
  add("\r\n");
  luaL_pushresult(&buffer);
  return 1;
}

int get_method(lua_State* L) {
  push_text(L, request_in(L, kRequestPhases).request().method_text);
  return 1;
}

int set_method(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases | LuaPhase::set | LuaPhase::header_filter);
  if (lua_type(L, 1) != LUA_TNUMBER) return luaL_argerror(L, 1, "bad method number");
  auto method = static_cast<Method>(lua_tointeger(L, 1));
  std::string_view name = method_name(method);
  if (name.empty()) return luaL_error(L, "unsupported HTTP method: %d", static_cast<int>(lua_tointeger(L, 1)));
  exchange.set_method(method, name);
  return 0;
}

void check_uri(lua_State* L, std::string_view uri, bool binary) {
  if (uri.empty()) luaL_error(L, "attempt to use zero-length uri");
  if (binary) return;
  for (char c : uri) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) continue;
    char digits[8];
    std::snprintf(digits, sizeof digits, "0x%02x", byte);
    luaL_error(L, "ngx.req.set_uri unsafe byte \"%s\" in \"%s\" (maybe you want to set the 'binary' argument?)", digits, uri.data());
  }
}

int set_uri(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases | LuaPhase::set | LuaPhase::header_filter | LuaPhase::body_filter);
  std::string_view uri = text_at(L, 1);
  const bool jump = lua_toboolean(L, 2) != 0;
  check_uri(L, uri, lua_toboolean(L, 3) != 0);
  LuaCall& call = Vm::of(L).call();
  if (jump && call.phase != LuaPhase::rewrite) phase_error(L, phase_bit(LuaPhase::rewrite));
  exchange.set_uri(uri);
  return jump ? call.thread->leave(L, LuaThread::Ask::reroute) : 0;
}

int set_uri_args(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases | LuaPhase::set | LuaPhase::header_filter | LuaPhase::body_filter);
  push_query(L, 1);
  exchange.set_args(text_at(L, -1));
  return 0;
}

int get_headers(lua_State* L) {
  Exchange& exchange = request_in(L, kRequestPhases);
  return push_headers(L, exchange.request().headers, luaL_optinteger(L, 1, 100), lua_toboolean(L, 2) != 0);
}

// sync keeps the parsed form of a field that was changed.
void sync(Exchange& exchange, HeaderId changed) {
  if (changed != HeaderId::host) return;
  RequestHead& head = exchange.request();
  std::string_view host = head.headers.value(HeaderId::host);
  head.authority = host;
  size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) host = host.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  char* lower_host = exchange.arena().allocate_chars(host.size() + 1);
  for (size_t i = 0; i < host.size(); ++i) lower_host[i] = to_lower(host[i]);
  head.host = {lower_host, host.size()};
}

int change_header(lua_State* L, FieldStore how) {
  Exchange& exchange = request_in(L, kChangePhases);
  FieldName name = field_name(L, 1);
  luaL_checkany(L, 2);
  if (!name.known.valid) return luaL_error(L, "invalid header name \"%s\"", lua_tostring(L, 1));
  store_field(L, 2, exchange.arena(), exchange.request().headers, name, false, how);
  sync(exchange, name.known.id);
  return 0;
}

int set_header(lua_State* L) { return change_header(L, FieldStore::replace); }
int add_header(lua_State* L) { return change_header(L, FieldStore::append); }

int clear_header(lua_State* L) {
  Exchange& exchange = request_in(L, kChangePhases);
  FieldName name = field_name(L, 1);
  exchange.request().headers.remove(name.text);
  sync(exchange, name.known.id);
  return 0;
}

int get_uri_args(lua_State* L) {
  Exchange& exchange = request_in(L, kRequestPhases);
  return push_arguments(L, exchange.args(), luaL_optinteger(L, 1, 100), lua_istable(L, 2) ? 2 : 0);
}

constexpr luaL_Reg kFunctions[] = {{"is_internal", is_internal}, {"start_time", start_time},     {"http_version", http_version},
                                   {"raw_header", raw_header},   {"get_method", get_method},     {"set_method", set_method},
                                   {"set_uri", set_uri},         {"set_uri_args", set_uri_args}, {"get_uri_args", get_uri_args},
                                   {"set_header", set_header},   {"clear_header", clear_header}, {nullptr, nullptr}};
constexpr luaL_Reg kModule[] = {
    {"add_header", add_header}, {"set_header", set_header}, {"clear_header", clear_header}, {nullptr, nullptr}};

}  // namespace

void install_request(lua_State* L) {
  lua_createtable(L, 0, 32);
  set_functions(L, kFunctions);
  add_header_reader(L, "get_headers", get_headers);
  lua_setfield(L, -2, "req");
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_newtable(L);
  set_functions(L, kModule);
  add_header_reader(L, "get_headers", get_headers);
  lua_setfield(L, -2, "ngx.req");
  lua_pop(L, 2);
}

}  // namespace sluice
