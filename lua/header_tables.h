// Header fields as Lua sees them: tables of all fields, and values given as a string, a number or a list.
#pragma once

#include <string_view>

#include <sluice/http/headers.h>

#include "known.h"
#include "lua_headers.h"

namespace sluice {

class Arena;

// FieldName: the name of a field that Lua code gives, with what is known of it. The text lives as long as the Lua string.
struct FieldName {
  std::string_view text;
  KnownField known;
};

// field_name reads the name at `index`. Raises when it is no string or number.
FieldName field_name(lua_State* L, int index);

// push_headers makes the table of ngx.req.get_headers and ngx.resp.get_headers: lower-case names with a metatable that takes any case and
// '_' for '-'; with `raw`, names as they are. At most `limit` fields (0: all). Pushes the table, and "truncated" when there are more:
// returns how many values. REQUIRES: called in a function that add_header_reader added.
int push_headers(lua_State* L, const Headers& headers, lua_Integer limit, bool raw);

// folds: the name is not written as header tables have it, in lower case with dashes.
bool folds(std::string_view name);
// push_header_metatable pushes the metatable of these tables.
void push_header_metatable(lua_State* L);

// push_field pushes the values of a name: nil, a string, or a list of strings.
void push_field(lua_State* L, const Headers& headers, const Header* first);

// store_field makes the fields of `name` what the Lua value at `index` says: a string or number, a list, or nil (removes them).
// `single`: of a list only the last counts. `append` keeps what is there. Raises on other types.
enum class FieldStore { replace, append };
void store_field(lua_State* L, int index, Arena& arena, Headers& headers, const FieldName& name, bool single, FieldStore how);

// store_text makes the value the only one of the valid `name`. False, and nothing has changed: the value has control characters.
bool store_text(Arena& arena, Headers& headers, const FieldName& name, std::string_view value);

// is_single_field: names of which a response has one (OpenResty's list).
bool is_single_field(HeaderId id);

// install_header_tables makes what push_headers uses. REQUIRED before add_header_reader.
void install_header_tables(lua_State* L);

// add_header_reader adds a function that calls push_headers to the table on the top of the stack.
void add_header_reader(lua_State* L, const char* name, lua_CFunction function);

}  // namespace sluice
