// Arguments of queries and forms as Lua tables: what ngx.encode_args, ngx.decode_args, ngx.req.get_uri_args, get_post_args and
// set_uri_args share. Semantics are OpenResty's: a key without `=` is true, a repeated key is an array, an empty key is dropped.
#pragma once

#include <string_view>

#include "lua_headers.h"

namespace sluice {

// encode_args pushes the table at `index` (> 0) as "a=1&b&c=2&c=3". Raises OpenResty's errors on other keys than strings and on values
// that are no text, number, boolean or array of those.
void encode_args(lua_State* L, int index);

// decode_args pushes the table of the arguments, and "truncated" when it stopped after `max` of them (0: no limit). Returns how many
// values it pushed.
int decode_args(lua_State* L, std::string_view query, int max);

}  // namespace sluice
