// What the tests of Lua's libraries share: a bare LuaJIT state with an `ngx` table, in which a test's Lua makes its assertions.
#pragma once

#include "../test.h"

#include <string>

#include "lua_headers.h"

namespace sluice::test {

class LuaState {
 public:
  explicit LuaState(void (*install)(lua_State*)) : L(luaL_newstate()) {
    luaL_openlibs(L);
    lua_newtable(L);
    install(L);
    REQUIRE(lua_gettop(L) == 1);
    lua_setglobal(L, "ngx");
    run(kChecks);
  }
  ~LuaState() { lua_close(L); }
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  // run fails the test with Lua's message when the chunk does.
  void run(const std::string& chunk) {
    INFO(chunk);
    bool ok = luaL_dostring(L, chunk.c_str()) == 0;
    std::string message = ok ? "" : lua_tostring(L, -1);
    lua_settop(L, 0);
    REQUIRE(message == "");
  }

  lua_State* const L;

 private:
  // is(wanted, ...): the values, written as Lua would, are the wanted text. raises(part, f, ...): the call fails with that in its message.
  static constexpr const char* kChecks = R"lua(
    function show(...)
      local out = {}
      for i = 1, select("#", ...) do
        local value = select(i, ...)
        if type(value) == "table" then
          local parts = {}
          for k, v in pairs(value) do parts[#parts + 1] = tostring(k) .. "=" .. show(v) end
          table.sort(parts)
          value = "{" .. table.concat(parts, " ") .. "}"
        elseif type(value) == "string" then
          value = "'" .. value .. "'"
        end
        out[i] = tostring(value)
      end
      return table.concat(out, ", ")
    end
    function is(wanted, ...)
      local got = show(...)
      if got ~= wanted then error("got " .. got .. "\nwanted " .. wanted, 2) end
    end
    function raises(part, f, ...)
      local ok, message = pcall(f, ...)
      if ok then error("did not raise: " .. part, 2) end
      if not message:find(part, 1, true) then error("got " .. message .. "\nwanted " .. part, 2) end
    end
  )lua";
};

}  // namespace sluice::test
