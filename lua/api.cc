#include "api.h"

#include <cmath>

namespace sluice {

void phase_error(lua_State* L, uint32_t allowed) {
  LuaPhase phase = Vm::of(L).call().phase;
  if (phase == LuaPhase::init) luaL_error(L, "no request found");
  if (allowed == kRequestPhases) luaL_error(L, "API disabled in the current context");
  luaL_error(L, "API disabled in the context of %s", phase_directive(phase).data());
  __builtin_unreachable();
}

std::string_view text_at(lua_State* L, int index) {
  size_t size = 0;
  const char* text = luaL_checklstring(L, index, &size);
  return {text, size};
}

int push_failure(lua_State* L, std::string_view text) {
  lua_pushnil(L);
  push_text(L, text);
  return 2;
}

void set_functions(lua_State* L, const luaL_Reg* functions) {
  for (; functions->name != nullptr; ++functions) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

namespace {

[[noreturn]] void refuse_value(lua_State* L, int argument, TextOf how, const char* got) {
  const char* wanted = how == TextOf::output ? "string, number, boolean, nil, ngx.null, or array table expected"
                                             : "string, number, boolean, or nil expected";
  luaL_argerror(L, argument, lua_pushfstring(L, "%s, got %s", wanted, got));
  __builtin_unreachable();
}

// append_value renders the value at `index`; `argument` is for messages.
void append_value(lua_State* L, int index, int argument, TextOf how, std::string& out, int depth);

void append_array(lua_State* L, int index, int argument, std::string& out, int depth) {
  luaL_checkstack(L, 4, "nested too deep");
  if (depth > 100) luaL_argerror(L, argument, "table nested too deep");
  size_t highest = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    if (key < 1 || std::floor(key) != key) luaL_argerror(L, argument, "non-array table found");
    highest = std::max(highest, static_cast<size_t>(key));
    lua_pop(L, 1);
  }
  for (size_t i = 1; i <= highest; ++i) {
    lua_rawgeti(L, index, static_cast<int>(i));
    append_value(L, lua_gettop(L), argument, TextOf::output, out, depth + 1);
    lua_pop(L, 1);
  }
}

void append_value(lua_State* L, int index, int argument, TextOf how, std::string& out, int depth) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      out.append(text, size);
      return;
    }
    case LUA_TNUMBER: {
      lua_pushvalue(L, index);
      size_t size = 0;
      const char* text = lua_tolstring(L, -1, &size);
      out.append(text, size);
      lua_pop(L, 1);
      return;
    }
    case LUA_TNIL: out += "nil"; return;
    case LUA_TBOOLEAN: out += lua_toboolean(L, index) != 0 ? "true" : "false"; return;
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, index) != nullptr) refuse_value(L, argument, how, "userdata");
      out += "null";
      return;
    case LUA_TTABLE:
      if (how == TextOf::log && luaL_callmeta(L, index, "__tostring") != 0) {
        size_t size = 0;
        const char* text = lua_tolstring(L, -1, &size);
        out.append(text != nullptr ? text : "", size);
        lua_pop(L, 1);
        return;
      }
      if (how == TextOf::output) return append_array(L, index, argument, out, depth);
      [[fallthrough]];
    default: refuse_value(L, argument, how, luaL_typename(L, index));
  }
}

}  // namespace

void append_text(lua_State* L, int index, TextOf how, std::string& out) { append_value(L, index, index, how, out, 0); }

}  // namespace sluice
