#include "fixture.h"

using namespace sluice;

TEST_CASE("code that does not wait ends at once and its thread is used again") {
  LuaFixture lua;
  CHECK(lua.run("return 1, 'two'") == "1 two");
  LuaThread* first = lua.vm->acquire();
  lua.vm->release(first);
  CHECK(lua.run("return coroutine.running() ~= nil and 'thread'") == "thread");
  LuaThread* second = lua.vm->acquire();
  CHECK(first == second);
  lua.vm->release(second);
}

TEST_CASE("sleep waits for the loop, from any depth") {
  LuaFixture lua;
  CHECK(lua.run("ngx.sleep(0.001) return 'awake'") == "awake");
  CHECK(lua.run("ngx.sleep(0) return 'awake'") == "awake");
  CHECK(lua.run(R"(
    local co = coroutine.wrap(function(a)
      ngx.sleep(0.001)
      local b = coroutine.yield(a + 1)
      local ok, value = pcall(function() ngx.sleep(0) return b * 2 end)
      return value
    end)
    local first = co(1)
    return first, co(21)
  )") == "2 42");
  CHECK(lua.run(R"(
    local function nested(depth)
      if depth == 0 then ngx.sleep(0) return 'bottom' end
      return coroutine.wrap(nested)(depth - 1)
    end
    return nested(20)
  )") == "bottom");
}

TEST_CASE("a sleep that is not a duration raises") {
  LuaFixture lua;
  CHECK(lua.run("return pcall(ngx.sleep, -1)").find("invalid sleep duration \"-1") != std::string::npos);
}

TEST_CASE("coroutines report their status and their errors") {
  LuaFixture lua;
  CHECK(lua.run(R"(
    local outer
    local co = coroutine.create(function() return coroutine.status(outer) end)
    outer = coroutine.create(function() return select(2, coroutine.resume(co)) end)
    local before = coroutine.status(outer)
    local _, inside = coroutine.resume(outer)
    return before, inside, coroutine.status(outer)
  )") == "suspended normal dead");
  CHECK(lua.run(R"(
    local co = coroutine.create(function() error("broken", 0) end)
    local ok, message = coroutine.resume(co)
    return tostring(ok), message, select(2, coroutine.resume(co))
  )") == "false broken cannot resume dead coroutine");
  CHECK(lua.run(R"(
    local co
    co = coroutine.create(function() return coroutine.resume(co) end)
    return select(3, coroutine.resume(co))
  )") == "cannot resume running coroutine");
  CHECK(lua.run("return pcall(coroutine.wrap(function() error({}) end))").find("table") != std::string::npos);
  CHECK(lua.run("return pcall(coroutine.create, print)").find("Lua function expected") != std::string::npos);
}

TEST_CASE("values pass through resume and yield unharmed") {
  LuaFixture lua;
  CHECK(lua.run(R"(
    local co = coroutine.create(function(...)
      local sum = 0
      for i = 1, select('#', ...) do sum = sum + select(i, ...) end
      while true do sum = sum + (coroutine.yield(sum, nil, 'x') or 0) end
    end)
    local _, a = coroutine.resume(co, 1, 2, 3)
    local _, b, hole, x = coroutine.resume(co, 10)
    return a, b, type(hole), x, (select('#', coroutine.resume(co)))
  )") == "6 16 nil x 4");
}

TEST_CASE("garbage collection leaves running coroutines alone") {
  LuaFixture lua;
  CHECK(lua.run(R"(
    local total = 0
    for i = 1, 200 do
      total = total + coroutine.wrap(function()
        collectgarbage()
        ngx.sleep(0)
        collectgarbage()
        return 1
      end)()
    end
    return total
  )") == "200");
}

TEST_CASE("outside of hooks that may wait LuaJIT's own coroutines run") {
  LuaFixture lua;
  auto chunk = lua.vm->compile("local f = coroutine.wrap(function(a) return coroutine.yield(a) end) x = f(1) + f(2)", "=init", Vm::Runs::once);
  REQUIRE(chunk.ok());
  LuaCall call;
  CHECK(lua.vm->run(*chunk, call, 0).ok());
  lua_getglobal(lua.vm->main(), "x");
  CHECK(lua_tointeger(lua.vm->main(), -1) == 3);
}

TEST_CASE("an error carries its place and a traceback") {
  LuaFixture lua;
  std::string text = lua.run("\nlocal function inner() error('broken') end\ninner()");
  CHECK(text.find("failed: test:2: broken\nstack traceback:\ncoroutine 0:\n\t[C]: in function 'error'") == 0);
  CHECK(text.find("test:3: in main chunk") != std::string::npos);
  CHECK(lua.run("error()").find("failed: unknown reason") == 0);
}

TEST_CASE("exit leaves for good, through pcall and coroutines") {
  LuaFixture lua;
  CHECK(lua.run("pcall(ngx.exit, 0) return 'not here'") == "left");
  CHECK(lua.run("coroutine.wrap(function() ngx.exit(0) end)() return 'not here'") == "left");
  CHECK(lua.run("return 'next'") == "next");
}

TEST_CASE("a thread that is given back while it waits is never resumed") {
  LuaFixture lua;
  auto chunk = lua.vm->compile("coroutine.wrap(function() ngx.sleep(0.001) gone = true end)()", "=test", Vm::Runs::once);
  REQUIRE(chunk.ok());
  {
    std::string out;
    Flow flow;
    flow.start(lua.drive(*chunk, out));
    CHECK(flow.running());
  }
  CHECK(lua.run("ngx.sleep(0.03) return tostring(rawget(_G, 'gone'))") == "nil");
}

TEST_CASE("functions say where they may be called") {
  LuaFixture lua;
  CHECK(lua.run("ngx.say('x')").find("API disabled in the context of ngx.timer") != std::string::npos);
  CHECK(lua.run("return ngx.var.uri").find("API disabled in the current context") != std::string::npos);
  CHECK(lua.run("return ngx.get_phase()") == "timer");
  CHECK(lua.run("ngx.location.capture('/x')").find("ngx.location.capture is not available in this version of sluice") != std::string::npos);
  CHECK(lua.run("require 'ngx.semaphore'").find("module ngx.semaphore is not available") != std::string::npos);
  CHECK(lua.run("return type(require('resty.core.base').new_tab), require('ngx') == ngx and 'same'") == "function same");
}

TEST_CASE("timers run their function, again and again with every, and early when the configuration retires") {
  LuaFixture lua;
  CHECK(lua.run(R"(
    local seen = {}
    assert(ngx.timer.at(0, function(premature, a, b) seen[1] = tostring(premature) .. a .. tostring(b) end, 'x', nil))
    ngx.sleep(0.03)
    return seen[1], ngx.timer.pending_count(), ngx.timer.running_count()
  )") == "falsexnil 0 0");
  CHECK(lua.run(R"(
    local count = 0
    ngx.timer.every(0.001, function() count = count + 1 end)
    while count < 3 do ngx.sleep(0.01) end
    return 'three'
  )") == "three");
  CHECK(lua.run(R"(
    early = {}
    ngx.timer.at(3600, function(premature) early.premature = premature end)
    return ngx.timer.pending_count() > 0 and 'waits'
  )") == "waits");
  lua.vm->retired = true;
  lua.vm->timers().retire();
  CHECK(lua.run("return tostring(early.premature), select(2, ngx.timer.at(1, function() end))") == "true process exiting");
  CHECK(lua.vm->timers().pending() == 0);
}

TEST_CASE("too many timers are refused") {
  LuaFixture lua;
  lua.vm->settings.max_pending_timers = 2;
  CHECK(lua.run(R"(
    local f = function() end
    return ngx.timer.at(9, f), ngx.timer.at(9, f), select(2, ngx.timer.at(9, f))
  )") == "1 1 too many pending timers");
  CHECK(lua.run("return pcall(ngx.timer.at, 1, print)").find("Lua function expected") != std::string::npos);
  CHECK(lua.run("return pcall(ngx.timer.every, 0, function() end)").find("delay cannot be zero") != std::string::npos);
}
