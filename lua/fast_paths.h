// Fast paths: the everyday case of the hottest API functions, written in Lua with LuaJIT's FFI, so that traces go through them instead of
// ending at a C function. Whatever is not the everyday case (another type, a wrong phase, a name not seen before) is the C function's,
// called in tail position: its semantics, its messages and their places stay the only ones.
#pragma once

#include "lua_headers.h"

namespace sluice {

// install_fast_paths puts them in front of the C functions. REQUIRES: the API is installed.
void install_fast_paths(lua_State* L);

}  // namespace sluice
