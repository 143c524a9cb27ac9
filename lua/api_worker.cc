// ngx.worker, ngx.config, ngx.get_phase, ngx.process: where the code runs.

#include <unistd.h>

#include "api.h"

namespace sluice {

namespace {

int worker_id(lua_State* L) {
  const ProcessContext* process = Vm::of(L).process;
  if (process == nullptr || !process->serves()) lua_pushnil(L);
  else lua_pushinteger(L, process->worker_id);
  return 1;
}

int worker_pid(lua_State* L) {
  lua_pushinteger(L, getpid());
  return 1;
}

int worker_count(lua_State* L) {
  const ProcessContext* process = Vm::of(L).process;
  lua_pushinteger(L, process == nullptr ? 1 : process->worker_count);
  return 1;
}

int worker_exiting(lua_State* L) {
  const Vm& vm = Vm::of(L);
  lua_pushboolean(L, vm.retired || (vm.process != nullptr && vm.process->exiting));
  return 1;
}

int config_prefix(lua_State* L) {
  push_text(L, Vm::of(L).prefix);
  return 1;
}

int config_configure(lua_State* L) {
  lua_pushliteral(L, "");
  return 1;
}

int get_phase(lua_State* L) {
  push_text(L, phase_word(Vm::of(L).call().phase));
  return 1;
}

int process_type(lua_State* L) {
  const ProcessContext* process = Vm::of(L).process;
  lua_pushstring(L, process == nullptr ? "single" : process->kind == ProcessKind::worker ? "worker" : process->kind == ProcessKind::control ? "helper" : "single");
  return 1;
}

int process_master_pid(lua_State* L) {
  lua_pushinteger(L, getppid());
  return 1;
}

constexpr luaL_Reg kWorker[] = {{"id", worker_id}, {"pid", worker_pid}, {"count", worker_count}, {"exiting", worker_exiting}, {nullptr, nullptr}};
constexpr luaL_Reg kConfig[] = {{"prefix", config_prefix}, {"nginx_configure", config_configure}, {nullptr, nullptr}};
constexpr luaL_Reg kProcess[] = {{"type", process_type}, {"get_master_pid", process_master_pid}, {nullptr, nullptr}};

constexpr int kLuaVersion = 10030;       // of the API, as libraries ask for it
constexpr int kServerVersion = 1025003;  // nginx's, for the same reason

}  // namespace

void install_worker(lua_State* L) {
  lua_newtable(L);
  set_functions(L, kWorker);
  lua_setfield(L, -2, "worker");
  lua_newtable(L);
  set_functions(L, kConfig);
  lua_pushliteral(L, "http");
  lua_setfield(L, -2, "subsystem");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "debug");
  lua_pushinteger(L, kServerVersion);
  lua_setfield(L, -2, "nginx_version");
  lua_pushinteger(L, kLuaVersion);
  lua_setfield(L, -2, "ngx_lua_version");
  lua_setfield(L, -2, "config");
  lua_pushcfunction(L, get_phase);
  lua_setfield(L, -2, "get_phase");
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_newtable(L);
  set_functions(L, kProcess);
  lua_setfield(L, -2, "ngx.process");
  lua_pop(L, 2);
}

}  // namespace sluice
