// ngx.var: variables by name. A name is resolved once per VM.

#include <sluice/server/generation.h>
#include <sluice/server/variable.h>

#include "api.h"

namespace sluice {

namespace {

int push_capture(lua_State* L, Exchange& exchange, lua_Integer number) {
  const Captures& captures = exchange.captures;
  auto at = static_cast<size_t>(number) * 2;
  if (number < 0 || at + 1 >= captures.offsets.size() || captures.offsets[at] == SIZE_MAX) {
    lua_pushnil(L);
  } else {
    push_text(L, captures.subject.substr(captures.offsets[at], captures.offsets[at + 1] - captures.offsets[at]));
  }
  return 1;
}

// find_slowly resolves the name at index 2 and remembers it.
const Variable* find_slowly(lua_State* L, Vm& vm, Exchange& exchange) {
  std::string_view name = text_at(L, 2);
  char small[256];
  if (name.size() > sizeof small) return nullptr;
  for (size_t i = 0; i < name.size(); ++i) small[i] = to_lower(name[i]);
  const Variable* variable = exchange.generation().find_variable({small, name.size()});
  if (variable != nullptr) vm.known.variables.add(L, vm.slots(), 2, variable);
  return variable;
}

const Variable* find(lua_State* L, Exchange& exchange) {
  Vm& vm = Vm::of(L);
  const Variable* const* known = vm.known.variables.find(lua_tolstring(L, 2, nullptr));
  return known != nullptr ? *known : find_slowly(L, vm, exchange);
}

int get(lua_State* L) {
  Exchange& exchange = request_in(L, kRequestPhases);
  if (const int type = lua_type(L, 2); type != LUA_TSTRING) {
    return type == LUA_TNUMBER ? push_capture(L, exchange, lua_tointeger(L, 2)) : luaL_error(L, "bad variable name");
  }
  const Variable* variable = find(L, exchange);
  VariableValue value;
  if (variable != nullptr) value = variable->get(exchange);
  if (value.found) push_text(L, value.text);
  else lua_pushnil(L);
  return 1;
}

int set(lua_State* L) {
  Exchange& exchange = request_in(L, kRequestPhases);
  if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "bad variable name");
  const Variable* variable = find(L, exchange);
  if (variable == nullptr) {
    return luaL_error(L,
                      "variable \"%s\" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to "
                      "use \"set $%s '';\" in the config file to define it first",
                      lua_tostring(L, 2), lua_tostring(L, 2));
  }
  if (!variable->settable()) return luaL_error(L, "variable \"%s\" not changeable", lua_tostring(L, 2));
  std::string_view text;
  switch (lua_type(L, 3)) {
    case LUA_TNIL: break;
    case LUA_TSTRING:
    case LUA_TNUMBER: text = exchange.arena().copy(text_at(L, 3)); break;
    case LUA_TBOOLEAN: text = lua_toboolean(L, 3) != 0 ? "true" : "false"; break;
    default: return luaL_error(L, "bad variable value type: string, number, boolean or nil expected, got %s", luaL_typename(L, 3));
  }
  variable->set(exchange, text);
  return 0;
}

constexpr luaL_Reg kMeta[] = {{"__index", get}, {"__newindex", set}, {nullptr, nullptr}};

}  // namespace

void install_var(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 2);
  set_functions(L, kMeta);
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "var");
}

}  // namespace sluice
