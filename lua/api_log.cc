// ngx.log and print: one line in the error log, with the place of the call. The line is made only if its level is enabled.

#include <sluice/log/log.h>

#include "api.h"

namespace sluice {

namespace {

void append_place(lua_State* L, std::string& out) {
  lua_Debug ar;
  if (lua_getstack(L, 1, &ar) == 0) return;
  lua_getinfo(L, "nSl", &ar);
  std::string_view source = ar.short_src;
  // A file is named without its folder; a chunk of the configuration ("content_by_lua(conf.d/a.conf:3)") as it is.
  if (ar.source[0] == '@') source.remove_prefix(source.rfind('/') == std::string_view::npos ? 0 : source.rfind('/') + 1);
  out += concat(source, ":", ar.currentline, ": ");
  if (ar.name != nullptr && ar.name[0] != '\0') out += concat(ar.name, "(): ");
}

int write_arguments(lua_State* L, LogLevel level, int first) {
  Vm& vm = Vm::of(L);
  if (!vm.log().enabled(level)) return 0;
  int count = lua_gettop(L);
  std::string line = "[lua] ";
  append_place(L, line);
  for (int i = first; i <= count; ++i) append_text(L, i, TextOf::log, line);
  vm.write_log(level, line);
  return 0;
}

int ngx_log(lua_State* L) {
  lua_Integer level = luaL_checkinteger(L, 1);
  if (level < 0 || level > static_cast<lua_Integer>(LogLevel::debug)) {
    return luaL_argerror(L, 1, lua_pushfstring(L, "bad log level: %d", static_cast<int>(level)));
  }
  return write_arguments(L, static_cast<LogLevel>(level), 2);
}

int print(lua_State* L) { return write_arguments(L, LogLevel::notice, 1); }

// ngx.errlog

int raw_log(lua_State* L) {
  lua_Integer level = luaL_checkinteger(L, 1);
  if (level < 0 || level > static_cast<lua_Integer>(LogLevel::debug)) return luaL_argerror(L, 1, "bad log level");
  Vm& vm = Vm::of(L);
  if (vm.log().enabled(static_cast<LogLevel>(level))) vm.write_log(static_cast<LogLevel>(level), text_at(L, 2));
  return 0;
}

int get_sys_filter_level(lua_State* L) {
  lua_pushinteger(L, static_cast<int>(Vm::of(L).log().level()));
  return 1;
}

constexpr luaL_Reg kErrlog[] = {{"raw_log", raw_log}, {"get_sys_filter_level", get_sys_filter_level}, {nullptr, nullptr}};

}  // namespace

void install_log(lua_State* L) {
  lua_pushcfunction(L, ngx_log);
  lua_setfield(L, -2, "log");
  lua_pushcfunction(L, print);
  lua_setglobal(L, "print");
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_newtable(L);
  set_functions(L, kErrlog);
  lua_setfield(L, -2, "ngx.errlog");
  lua_pop(L, 2);
}

}  // namespace sluice
