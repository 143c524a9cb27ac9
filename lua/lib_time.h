// The part of the ngx API for the clock: time, now, update_time, today, localtime, utctime, cookie_time, http_time, parse_http_time.
#pragma once

#include "lua_headers.h"

namespace sluice {

// install_time adds it to the `ngx` table on the top of the stack.
void install_time(lua_State* L);

}  // namespace sluice
