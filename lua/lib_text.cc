#include "lib_text.h"

namespace sluice {

namespace {

// Replaces the value by what the global tostring, which honours __tostring, says of it.
void convert_in_place(lua_State* L, int index) {
  lua_getglobal(L, "tostring");
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "'tostring' must return a string");
  lua_replace(L, index);
}

}  // namespace

std::string_view text_argument(lua_State* L, int index) {
  size_t size = 0;
  const char* data = lua_tolstring(L, index, &size);
  if (data == nullptr) {
    if (lua_isnone(L, index)) return "nil";
    convert_in_place(L, index);
    data = lua_tolstring(L, index, &size);
  }
  return {data, size};
}

std::string_view text_or_empty(lua_State* L, int index) {
  return lua_toboolean(L, index) ? text_argument(L, index) : std::string_view("");
}

int push_nil_and(lua_State* L, const char* text) {
  lua_pushnil(L);
  lua_pushstring(L, text);
  return 2;
}

void add_functions(lua_State* L, const luaL_Reg* functions, int upvalues) {
  for (; functions->name != nullptr; ++functions) {
    for (int i = 0; i < upvalues; ++i) lua_pushvalue(L, -1 - upvalues);
    lua_pushcclosure(L, functions->func, upvalues);
    lua_setfield(L, -2, functions->name);
  }
}

void publish_module(lua_State* L, const char* name) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, name);
  lua_pop(L, 3);
}

}  // namespace sluice
