#include "lua_state.h"

#include <sluice/base/clock.h>
#include <sluice/shm/dict.h>

#include "lib_shared.h"

using namespace sluice;
using sluice::test::LuaState;

namespace {

// A state with ngx.shared.d over a real zone, and a second object for the same zone that stands for another process.
struct SharedState : LuaState {
  explicit SharedState(size_t bytes = 1 << 20) : LuaState(install_shared) {
    Clock::of_thread().set_for_test(1000, 1'700'000'000'000);
    ZoneSpec spec{"lua_shared_dict d", std::string(Dict::kLayout), bytes};
    auto fd = Zone::create(spec);
    REQUIRE(fd.ok());
    auto zone = Zone::map(spec, fd->get());
    REQUIRE(zone.ok());
    auto opened = Dict::open(*zone);
    REQUIRE(opened.ok());
    dict = std::move(*opened);
    lua_getglobal(L, "ngx");
    lua_getfield(L, -1, "shared");
    push_dict(L, dict.get(), &writes_dropped);
    lua_setfield(L, -2, "d");
    lua_settop(L, 0);
    run("d = ngx.shared.d");
  }
  static void advance(Tick ms) { Clock::of_thread().set_for_test(1000 + ms, 1'700'000'000'000 + ms); }

  bool writes_dropped = false;
  std::unique_ptr<Dict> dict;
};

}  // namespace

TEST_CASE("ngx.shared stores and gives strings, numbers, booleans and flags", "[lua]") {
  SharedState lua;
  lua.run(R"lua(
    is("true, nil, false", d:set("a", "x"))
    is("'x'", d:get("a"))
    is("true, nil, false", d:set("n", 1.5, 0, 42))
    is("1.5, 42", d:get("n"))
    d:set("t", true) d:set("f", false) d:set("e", "") d:set("z", "a\0b")
    is("true, false, ''", d:get("t"), d:get("f"), d:get("e"))
    assert(d:get("z") == "a\0b")
    is("nil", d:get("missing"))
    d:set(7, "seven")
    is("'seven', 'seven'", d:get(7), d:get("7"))
    d:set("a", nil)
    is("nil", d:get("a"))
    is("true, nil, false", d:delete("n"))
    is("nil", d:get("n"))
    is("nil", ngx.shared.other)
    assert(d.get == getmetatable(d).__index.get)
  )lua");
}

TEST_CASE("ngx.shared checks keys, values and arguments as OpenResty does", "[lua]") {
  SharedState lua;
  lua.run(R"lua(
    for _, method in ipairs{"get", "get_stale", "set", "safe_set", "add", "safe_add", "replace", "delete", "ttl"} do
      is("nil, 'nil key'", d[method](d, nil))
      is("nil, 'empty key'", d[method](d, ""))
      is("nil, 'key too long'", d[method](d, ("k"):rep(65536)))
    end
    is("nil, 'nil key'", d:incr(nil, 1))
    is("nil, 'empty key'", d:expire("", 1))
    is("nil, 'key too long'", d:lpush(("k"):rep(65536), 1))
    is("true, nil, false", d:set(("k"):rep(65535), 1))
    is("nil, 'bad value type'", d:set("a", {}))
    is("nil, 'bad value type'", d:lpush("a", true))
    raises([[bad "exptime" argument]], d.set, d, "a", 1, -1)
    raises([[bad "exptime" argument]], d.expire, d, "a")
    raises([[bad "zone" argument]], d.get, {}, "a")
    raises([[bad "zone" argument]], d.get, io.stdout, "a")
    raises([[bad "zone" argument]], d.get)
    raises("bad init arg: number expected, got string", d.incr, d, "a", 1, "x")
    raises([[must provide "init" when providing "init_ttl"]], d.incr, d, "a", 1, nil, 1)
    raises([[bad "init_ttl" argument]], d.incr, d, "a", 1, 0, -1)
    raises("expecting 3 arguments, but only seen 2", d.lpush, d, "a")
    raises("expecting 2 arguments, but only seen 1", d.llen, d)
    raises("expecting 1 or 2 argument(s), but saw 3", d.get_keys, d, 1, 2)
    is("true, nil, false", d:set(true, 1))
    is("1", d:get("true"))
  )lua");
}

TEST_CASE("ngx.shared adds, replaces and counts", "[lua]") {
  SharedState lua;
  lua.run(R"lua(
    is("true, nil, false", d:add("a", 1))
    is("false, 'exists', false", d:add("a", 2))
    is("false, 'exists', false", d:safe_add("a", 2))
    is("false, 'not found', false", d:replace("b", 2))
    is("true, nil, false", d:replace("a", 3))
    is("3", d:get("a"))
    is("4.5", d:incr("a", 1.5))
    is("nil, 'not found'", d:incr("c", 1))
    is("11, nil, false", d:incr("c", 1, 10))
    is("12, nil, false", d:incr("c", 1, 10))
    d:set("s", "x")
    is("nil, 'not a number'", d:incr("s", 1))
    is("13", d:incr("c", "1"))
  )lua");
}

TEST_CASE("ngx.shared expires entries and tells how long they live", "[lua]") {
  SharedState lua;
  lua.run(R"lua(
    d:set("a", 1, 0.5)
    d:set("b", 2)
    d:set("c", 3, 0.0001)
    is("0.5, 0", d:ttl("a"), d:ttl("b"))
    is("nil, 'not found'", d:ttl("x"))
    is("3", d:get("c"))
    is("1, nil, false", d:get_stale("a"))
    d:incr("n", 1, 0, 2)
  )lua");
  lua.advance(600);
  lua.run(R"lua(
    is("nil", d:get("a"))
    is("nil", d:get("c"))
    is("1, nil, true", d:get_stale("a"))
    is("2, nil, false", d:get_stale("b"))
    is("true", d:expire("b", 1))
    is("nil, 'not found'", d:expire("a", 1))
    is("1, 1.4", d:ttl("b"), d:ttl("n"))
  )lua");
  lua.advance(2600);
  lua.run(R"lua(is("nil, nil", d:get("b"), d:get("n")))lua");
}

TEST_CASE("ngx.shared's lists work from both ends", "[lua]") {
  SharedState lua;
  lua.run(R"lua(
    is("1, 2, 3", d:rpush("l", "b"), d:lpush("l", "a"), d:rpush("l", 3))
    is("3, 0", d:llen("l"), d:llen("none"))
    is("nil, 'value is a list'", d:get("l"))
    is("'a', 3, 'b', nil", d:lpop("l"), d:rpop("l"), d:rpop("l"), d:lpop("l"))
    d:set("s", 1)
    is("nil, 'value not a list'", d:lpush("s", 1))
    is("nil, 'value not a list'", d:llen("s"))
    is("nil, 'value not a list'", d:rpop("s"))
    d:rpush("l", 1)
    is("nil, 'not a number'", d:incr("l", 1))
  )lua");
}

TEST_CASE("ngx.shared flushes, lists its keys and tells its size", "[lua]") {
  SharedState lua;
  lua.run(R"lua(
    for i = 1, 10 do d:set("k" .. i, i) end
    is("10, 3, 10", #d:get_keys(), #d:get_keys(3), #d:get_keys(0))
    is("1048576", d:capacity())
    assert(d:free_space() > 0 and d:free_space() < 1048576)
    is("", d:flush_all())
    is("nil", d:get("k1"))
    is("4, 6, 0", d:flush_expired(4), d:flush_expired(), d:flush_expired())
    is("{}", d:get_keys())
  )lua");
}

TEST_CASE("ngx.shared says when it evicted and when it could not store", "[lua]") {
  SharedState lua(64 * 1024);
  lua.run(R"lua(
    local forced = false
    for i = 1, 200 do
      local ok, err, forcible = d:set("k" .. i, ("v"):rep(1000))
      assert(ok and err == nil)
      forced = forced or forcible
    end
    is("true", forced)
    is("false, 'no memory', false", d:safe_set("new", ("v"):rep(30000)))
    is("false, 'no memory'", (function(ok, err) return ok, err end)(d:set("huge", ("v"):rep(100000))))
  )lua");
}

TEST_CASE("ngx.shared changes nothing and reports success while writes are dropped", "[lua]") {
  SharedState lua;
  lua.run(R"lua(d:set("a", 1) d:rpush("l", "x") d:set("s", "x"))lua");
  lua.writes_dropped = true;
  lua.run(R"lua(
    is("true, nil, false", d:set("a", 2))
    is("true, nil, false", d:add("b", 2))
    is("true, nil, false", d:replace("c", 2))
    is("true, nil, false", d:delete("a"))
    is("6", d:incr("a", 5))
    is("nil, 'not found'", d:incr("b", 5))
    is("nil, 'not a number'", d:incr("s", 5))
    is("12, nil, false", d:incr("b", 2, 10))
    is("2, 1", d:rpush("l", "y"), d:lpush("new", "y"))
    is("nil", d:lpop("l"))
    is("true", d:expire("a", 1))
    is("0", d:flush_expired())
    d:flush_all()
    is("1, nil, 1", d:get("a"), d:get("b"), d:llen("l"))
    is("nil, 'bad value type'", d:set("a", {}))
  )lua");
  lua.writes_dropped = false;
  lua.run(R"lua(is("true, nil, false", d:set("a", 2)) is("2", d:get("a")))lua");
}
