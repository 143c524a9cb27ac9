// What OpenResty has and this version has not: calling it says so, in one clear error, instead of "attempt to call a nil value".

#include <string>

#include "api.h"

namespace sluice {

namespace {

constexpr const char* kFunctions[] = {
    "location.capture", "location.capture_multi", "socket.tcp",      "socket.udp",      "socket.stream",   "socket.connect",
    "thread.spawn",     "thread.wait",            "thread.kill",     "req.socket",      "req.init_body",   "req.append_body",
    "req.finish_body",  "req.set_body_file",      "on_abort",        "run_worker_thread", "worker.pids",
};

constexpr const char* kModules[] = {
    "ngx.semaphore", "ngx.ssl", "ngx.ssl.session", "ngx.ssl.clienthello", "ngx.ocsp", "ngx.pipe", "ngx.upstream",
};

int raise_missing(lua_State* L) {
  return luaL_error(L, "%s is not available in this version of sluice", lua_tostring(L, lua_upvalueindex(1)));
}

void push_missing(lua_State* L, const std::string& name) {
  push_text(L, name);
  lua_pushcclosure(L, raise_missing, 1);
}

// add_missing puts the raising function at "a.b" of the table on the top, making `a` when it is not there. What is there stays.
void add_missing(lua_State* L, std::string_view path) {
  size_t dot = path.find('.');
  lua_pushvalue(L, -1);
  if (dot != std::string_view::npos) {
    std::string table(path.substr(0, dot));
    lua_getfield(L, -1, table.c_str());
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_newtable(L);
      lua_pushvalue(L, -1);
      lua_setfield(L, -3, table.c_str());
    }
    lua_remove(L, -2);
  }
  std::string field(dot == std::string_view::npos ? path : path.substr(dot + 1));
  lua_getfield(L, -1, field.c_str());
  const bool there = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (!there) {
    push_missing(L, concat("ngx.", path));
    lua_setfield(L, -2, field.c_str());
  }
  lua_pop(L, 1);
}

}  // namespace

void install_missing(lua_State* L) {
  for (const char* path : kFunctions) add_missing(L, path);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  for (const char* name : kModules) {
    push_missing(L, concat("module ", name));
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 2);
}

}  // namespace sluice
