// Header fields as Lua sees them: tables of all fields, and values given as a string, a number or a list.
#pragma once

#include <string_view>

#include <sluice/http/headers.h>

#include "lua_headers.h"

namespace sluice {

class Arena;

// push_headers makes the table of ngx.req.get_headers and ngx.resp.get_headers: lower-case names with a metatable that takes any case and
// '_' for '-'; with `raw`, names as they are. At most `limit` fields (0: all). Pushes the table, and "truncated" when there are more:
// returns how many values. `first_name` etc. let the response add what is not a field.
int push_headers(lua_State* L, const Headers& headers, lua_Integer limit, bool raw);

// push_field pushes the values of a name: nil, a string, or a list of strings.
void push_field(lua_State* L, const Headers& headers, const Header* first);

// store_field makes the fields of `name` what the Lua value at `index` says: a string or number, a list, or nil (removes them).
// `single`: of a list only the last counts. `append` keeps what is there. Raises on other types.
enum class FieldStore { replace, append };
void store_field(lua_State* L, int index, Arena& arena, Headers& headers, std::string_view name, bool single, FieldStore how);

// is_single_field: names of which a response has one (OpenResty's list).
bool is_single_field(HeaderId id);

// install_header_tables makes the metatable that push_headers uses.
void install_header_tables(lua_State* L);

}  // namespace sluice
