// coroutine.create, resume, yield and status for hooks that may wait; elsewhere (set, filters, log, init) LuaJIT's own run.
// wrap and the choice between the two are written in Lua (library.cc).

#include "api.h"

namespace sluice {

namespace {

constexpr const char* kData = "sluice.coroutines";  // registry: coroutine (weak) -> its LuaCoroutine

// attach gives a Lua coroutine what the scheduler needs; it goes when the coroutine is collected.
void attach(lua_State* L, int index) {
  lua_State* other = lua_tothread(L, index);
  lua_getfield(L, LUA_REGISTRYINDEX, kData);
  lua_pushvalue(L, index);
  auto* data = static_cast<LuaCoroutine*>(lua_newuserdata(L, sizeof(LuaCoroutine)));
  new (data) LuaCoroutine();
  data->state = other;
  lua_setexdata2(other, data);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

int create(lua_State* L) {
  luaL_argcheck(L, lua_isfunction(L, 1) && lua_iscfunction(L, 1) == 0, 1, "Lua function expected");
  lua_State* other = lua_newthread(L);
  lua_setexdata2(other, nullptr);
  lua_pushvalue(L, 1);
  lua_xmove(L, other, 1);
  return 1;
}

lua_State* coroutine_at(lua_State* L) {
  lua_State* other = lua_tothread(L, 1);
  luaL_argcheck(L, other != nullptr, 1, "coroutine expected");
  return other;
}

int resume(lua_State* L) {
  lua_State* other = coroutine_at(L);
  if (lua_getexdata2(other) == nullptr) attach(L, 1);
  return Vm::of(L).call().thread->resume_coroutine(L);
}

int yield(lua_State* L) { return Vm::of(L).call().thread->yield_coroutine(L); }

int status(lua_State* L) {
  lua_pushstring(L, Vm::of(L).call().thread->status_of(L, coroutine_at(L)));
  return 1;
}

// waits: does the running code belong to a hook that may wait?
int waits(lua_State* L) {
  lua_pushboolean(L, Vm::of(L).call().thread != nullptr);
  return 1;
}

// taken: does a hook that waits hold this coroutine? LuaJIT's own resume takes it for a suspended one.
int taken(lua_State* L) {
  lua_State* other = lua_tothread(L, 1);
  const auto* coroutine = other == nullptr ? nullptr : static_cast<LuaCoroutine*>(lua_getexdata2(other));
  lua_pushboolean(L, coroutine != nullptr && coroutine->taken());
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"create", create},   {"__resume", resume}, {"__yield", yield}, {"__status", status},
                                   {"__waits", waits},   {"__taken", taken},   {nullptr, nullptr}};

}  // namespace

void install_coroutines(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, kData);
  lua_getglobal(L, "coroutine");
  set_functions(L, kFunctions);
  lua_pop(L, 1);
}

}  // namespace sluice
