#include "lib_tables.h"

#include <sluice/http/uri.h>

#include "lib_text.h"
#include "stack_buffer.h"

namespace sluice {

namespace {

void append_escaped(StackBuffer& out, std::string_view text) {
  Arena arena;
  out.append(escape_uri(text, EscapeKind::lua_component, arena));
}

// Appends "key", "key=value" or, for false, nothing. The value is at `index`.
void append_pair(lua_State* L, StackBuffer& out, std::string_view key, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TBOOLEAN && !lua_toboolean(L, index)) return;
  if (type != LUA_TBOOLEAN && type != LUA_TSTRING && type != LUA_TNUMBER) {
    luaL_error(L, "attempt to use %s as query arg value", lua_typename(L, type));
  }
  if (!out.empty()) out.append('&');
  append_escaped(out, key);
  if (type == LUA_TBOOLEAN) return;
  lua_pushvalue(L, index);
  size_t size = 0;
  const char* data = lua_tolstring(L, -1, &size);
  out.append('=');
  append_escaped(out, {data, size});
  lua_pop(L, 1);
}

void append_each(lua_State* L, StackBuffer& out, std::string_view key, int table) {
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    append_pair(L, out, key, lua_gettop(L));
    lua_pop(L, 1);
  }
}

// Adds the value on the top of the stack under the key below it to the table at `table`; pops both.
void add_argument(lua_State* L, int table) {
  lua_pushvalue(L, -2);
  lua_rawget(L, table);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_rawset(L, table);
    return;
  }
  if (!lua_istable(L, -1)) {
    lua_createtable(L, 4, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -2);
    lua_rawset(L, table);
  }
  lua_insert(L, -2);
  lua_rawseti(L, -2, static_cast<int>(lua_objlen(L, -2)) + 1);
  lua_pop(L, 2);
}

void push_unescaped(lua_State* L, std::string_view text) {
  Arena arena;
  push_view(L, unescape_uri(text, Plus::as_space, arena));
}

void decode_pair(lua_State* L, std::string_view pair, int table) {
  size_t equals = pair.find('=');
  push_unescaped(L, pair.substr(0, equals));
  if (lua_objlen(L, -1) == 0) {
    lua_pop(L, 1);
    return;
  }
  if (equals == std::string_view::npos) {
    lua_pushboolean(L, 1);
  } else {
    push_unescaped(L, pair.substr(equals + 1));
  }
  add_argument(L, table);
}

}  // namespace

void encode_args(lua_State* L, int index) {
  StackBuffer out(L);
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "attempt to use a non-string key in the \"args\" option table");
    size_t size = 0;
    const char* data = lua_tolstring(L, -2, &size);
    if (lua_istable(L, -1)) {
      append_each(L, out, {data, size}, lua_gettop(L));
    } else {
      append_pair(L, out, {data, size}, lua_gettop(L));
    }
    lua_pop(L, 1);
  }
  out.push();
}

int decode_args(lua_State* L, std::string_view query, int max) {
  lua_createtable(L, 0, 4);
  int table = lua_gettop(L);
  for (int count = 1; !query.empty(); ++count) {
    size_t end = query.find('&');
    decode_pair(L, query.substr(0, end), table);
    if (end == std::string_view::npos) break;
    if (count == max) {
      lua_pushliteral(L, "truncated");
      return 2;
    }
    query.remove_prefix(end + 1);
  }
  return 1;
}

}  // namespace sluice
