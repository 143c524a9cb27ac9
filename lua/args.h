// Arguments of the request: between query strings and Lua values. The rules are those of lib_tables.h.
#pragma once

#include <string_view>

#include "lua_headers.h"

namespace sluice {

// push_arguments makes the table of ngx.req.get_uri_args. At most `limit` pairs (0: all); then a second value "truncated". With
// `into` > 0 fills that table, emptied before. Returns how many values were pushed.
int push_arguments(lua_State* L, std::string_view text, lua_Integer limit, int into);

// push_query pushes the query string that the value at `index` means: a string (control bytes and spaces are escaped) or a table.
// Raises on other types.
void push_query(lua_State* L, int index);

}  // namespace sluice
