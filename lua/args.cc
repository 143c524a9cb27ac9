#include "args.h"

#include "api.h"
#include "lib_tables.h"

namespace sluice {

namespace {

void clear_table(lua_State* L, int index) {
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, index);
  }
}

void copy_table(lua_State* L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

// push_safe_query pushes the text without bytes that would end the request line.
void push_safe_query(lua_State* L, std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) {
      luaL_addchar(&buffer, '%');
      luaL_addchar(&buffer, kDigits[byte >> 4]);
      luaL_addchar(&buffer, kDigits[byte & 15]);
    } else {
      luaL_addchar(&buffer, c);
    }
  }
  luaL_pushresult(&buffer);
}

}  // namespace

int push_arguments(lua_State* L, std::string_view text, lua_Integer limit, int into) {
  int values = decode_args(L, text, static_cast<int>(limit));
  if (into == 0) return values;
  int made = lua_gettop(L) - values + 1;
  clear_table(L, into);
  copy_table(L, made, into);
  lua_pushvalue(L, into);
  lua_replace(L, made);
  return values;
}

void push_query(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING:
    case LUA_TNUMBER: return push_safe_query(L, text_at(L, index));
    case LUA_TTABLE: return encode_args(L, index);
    default: luaL_argerror(L, index, "string, number, or table expected");
  }
}

}  // namespace sluice
