#include "fixture.h"

using namespace sluice;

namespace {

// Pushes "name-N" and gives its address.
const char* push_name(lua_State* L, int number) {
  lua_pushfstring(L, "name-%d", number);
  return lua_tolstring(L, -1, nullptr);
}

}  // namespace

TEST_CASE("a kept value has its number until it is dropped") {
  LuaFixture lua;
  lua_State* L = lua.vm->main();
  LuaSlots& slots = lua.vm->slots();
  lua_pushliteral(L, "one");
  int one = slots.put(L);
  lua_pushliteral(L, "two");
  int two = slots.put(L);
  CHECK(one != two);
  lua_gc(L, LUA_GCCOLLECT, 0);
  slots.push(L, one);
  slots.push(L, two);
  CHECK(std::string(lua_tostring(L, -2)) == "one");
  CHECK(std::string(lua_tostring(L, -1)) == "two");
  lua_pop(L, 2);
  const int before = one;
  slots.drop(one);
  CHECK(one == LuaSlots::kNone);
  lua_pushliteral(L, "three");
  one = slots.put(L);
  CHECK(one == before);
  slots.drop(one);
  slots.drop(two);
}

TEST_CASE("what is known of a string is never what is known of another") {
  LuaFixture lua;
  lua_State* L = lua.vm->main();
  InternedCache<int> cache;
  constexpr int kStrings = 5000;  // more than there are places
  int found = 0, wrong = 0;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kStrings; ++i) {
      const char* text = push_name(L, i);
      const int* known = cache.find(text);
      found += known != nullptr;
      wrong += known != nullptr && *known != i;
      cache.add(L, lua.vm->slots(), -1, i);
      CHECK(*cache.find(text) == i);
      lua_pop(L, 1);
      if (i % 500 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
    }
  }
  CHECK(wrong == 0);
  CHECK(found < kStrings);
}

TEST_CASE("parts of a string are known apart") {
  LuaFixture lua;
  lua_State* L = lua.vm->main();
  InternedCache<int> cache;
  const char* text = push_name(L, 1);
  cache.add(L, lua.vm->slots(), -1, 80, 80);
  CHECK(cache.find(text) == nullptr);
  cache.add(L, lua.vm->slots(), -1, 443, 443);
  CHECK(*cache.find(text, 80) == 80);
  CHECK(*cache.find(text, 443) == 443);
  lua_pop(L, 1);
}

TEST_CASE("a reused thread has nothing of the function before") {
  LuaFixture lua;
  CHECK(lua.run("return 1, 2, 3") == "1 2 3");
  CHECK(lua.run("return select('#', ...)") == "0");
  CHECK(lua.run("setfenv(0, {}) return 'changed'") == "changed");
  CHECK(lua.run("return getfenv(0) == _G and 'globals'") == "globals");
  CHECK(lua.run("local co = coroutine.wrap(function() coroutine.yield(1) end) co() return 'left a coroutine'") == "left a coroutine");
  CHECK(lua.run("error('broken')").starts_with("failed: test:1: broken"));
  CHECK(lua.run("return ngx.ctx.x") == "nil");
  CHECK(lua.run("ngx.ctx.x = 1 return ngx.ctx.x") == "1");
  CHECK(lua.run("return ngx.ctx.x") == "nil");
}

TEST_CASE("require gives loaded modules and says where it was called") {
  LuaFixture lua;
  CHECK(lua.run("package.loaded.mine = { n = 7 } return require('mine').n, require 'string' == string") == "7 boolean");
  CHECK(lua.run("package.preload.late = function(name) return { name = name } end return require('late').name, require('late').name") ==
        "late late");
  CHECK(lua.run("local ok, e = pcall(function() local x = require('no.such') end) return e").starts_with("test:1: module 'no.such' not found:"));
  CHECK(lua.run("package.preload.loop = function() return require('loop') end\nlocal ok, e = pcall(require, 'loop') return e")
            .find("loop or previous error loading module 'loop'") != std::string::npos);
  CHECK(lua.run("local n = 0 package.preload.no = function() n = n + 1 return false end require('no') require('no') return n") == "2");
  CHECK(lua.run("return pcall(require)").find("bad argument #1 to") != std::string::npos);
}
