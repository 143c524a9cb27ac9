// The one place that includes LuaJIT's headers (the OpenResty fork, libluajit2).
#pragma once

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
}
