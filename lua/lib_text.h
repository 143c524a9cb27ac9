// How the lib_*.cc files read text arguments, which OpenResty passes through tostring() first, and how they publish functions.
#pragma once

#include <string_view>

#include "lua_headers.h"

namespace sluice {

// text_argument gives the value's text as tostring() makes it and puts that in the value's place on the stack, where it keeps the view
// alive. REQUIRES: index > 0.
std::string_view text_argument(lua_State* L, int index);

// text_or_empty is text_argument, but nil, false and no value are "".
std::string_view text_or_empty(lua_State* L, int index);

inline void push_view(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }

// push_nil_and pushes nil and the text; returns 2.
int push_nil_and(lua_State* L, const char* text);

// add_functions adds C functions to the table on the top of the stack. Each gets as upvalues copies of the `upvalues` values just below
// the table, which stay where they are.
void add_functions(lua_State* L, const luaL_Reg* functions, int upvalues = 0);

// publish_module makes the table on the top of the stack what `require(name)` gives, and pops it.
void publish_module(lua_State* L, const char* name);

}  // namespace sluice
