// ngx.arg: the arguments of set_by_lua, and the piece of the body in body_filter_by_lua: [1] its bytes, [2] whether it is the last.

#include "api.h"
#include "hooks.h"

namespace sluice {

namespace {

constexpr uint32_t kArgumentPhases = LuaPhase::set | LuaPhase::body_filter;

int get(lua_State* L) {
  Exchange& exchange = request_in(L, kArgumentPhases);
  LuaCall& call = Vm::of(L).call();
  lua_Integer index = luaL_checkinteger(L, 2);
  if (call.phase == LuaPhase::set) {
    const auto& arguments = call.script->arguments;
    if (index < 1 || static_cast<size_t>(index) > arguments.size()) return 0;
    push_text(L, arguments[static_cast<size_t>(index) - 1].eval(exchange));
    return 1;
  }
  if (index == 1) push_text(L, call.piece->data);
  else if (index == 2) lua_pushboolean(L, call.piece->last);
  else return luaL_error(L, "bad argument #%d to ngx.arg in body_filter_by_lua", static_cast<int>(index));
  return 1;
}

int set(lua_State* L) {
  Exchange& exchange = request_in(L, phase_bit(LuaPhase::body_filter));
  Vm& vm = Vm::of(L);
  lua_Integer index = luaL_checkinteger(L, 2);
  BodyPiece& piece = *vm.call().piece;
  if (index == 2) {
    piece.last = lua_toboolean(L, 3) != 0;
    return 0;
  }
  if (index != 1) return luaL_error(L, "bad argument #%d to ngx.arg in body_filter_by_lua", static_cast<int>(index));
  if (lua_isnil(L, 3)) {
    piece.data = {};
    return 0;
  }
  // The old bytes may stand in filter_text and be part of the new ones only as a Lua string: they are copied by now.
  std::string& text = vm.request(exchange).filter_text;
  text.clear();
  append_text(L, 3, TextOf::output, text);
  piece.data = text;
  return 0;
}

constexpr luaL_Reg kMeta[] = {{"__index", get}, {"__newindex", set}, {nullptr, nullptr}};

}  // namespace

void install_arg(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 2);
  set_functions(L, kMeta);
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "arg");
}

}  // namespace sluice
