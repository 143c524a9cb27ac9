#include "lua_state.h"

#include "lib_re.h"

using namespace sluice;
using sluice::test::LuaState;

TEST_CASE("ngx.re.match gives groups by number and by name, false for those that took no part", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    is("{0='1234' 1='1234'}", ngx.re.match("hello, 1234", "([0-9]+)"))
    is("{0='1234'}", ngx.re.match("hello, 1234", "[0-9]+", "jo"))
    is("nil", ngx.re.match("hello", "[0-9]+"))
    is("{0='hello' 1='hello' 2=false}", ngx.re.match("hello, world", "(hello)|(world)"))
    is("{0='ac' 1='a' 2=false 3='c'}", ngx.re.match("ac", "(a)(b)?(c)"))
    is("{0='2026-11' 1='2026' 2='11' month='11' year='2026'}", ngx.re.match("on 2026-11", "(?<year>\\d+)-(?<month>\\d+)", "jo"))
    is("{0='b' 1=false a=false}", ngx.re.match("b", "(?<a>a)?b"))
    is("{0='3000-abc' 1='3000' 2='abc'}", ngx.re.match("3000-abc.x", "^(\\d+)-([a-z]+)", "ajo"))
    is("{0='a\0b'}", ngx.re.match("xa\0b", "a\0b"))
    is("{0='12'}", ngx.re.match(12, "\\d+"))
    is("{0=''}", ngx.re.match("", ""))
  )lua");
}

TEST_CASE("ngx.re takes OpenResty's options and refuses others", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    is("{0='HE'}", ngx.re.match("HELLO", "he", "i"))
    is("nil", ngx.re.match("xa", "a", "a"))
    is("{0='a\nb'}", ngx.re.match("a\nb", "a.b", "s"))
    is("{0='b'}", ngx.re.match("a\nb", "^b", "m"))
    is("{0='ab'}", ngx.re.match("ab", "a b # both", "x"))
    is("{0='你'}", ngx.re.match("你好", ".", "u"))
    is("{0='你'}", ngx.re.match("你好", ".", "Uj"))
    is("{0='hello'}", ngx.re.match("hello", "hell|hello", "d"))
    is("{0='hello'}", ngx.re.match("hello", "(hell)|(hello)", "do"))
    is("{0='ab' 1='a' 2='b' x={1='a' 2='b'}}", ngx.re.match("ab", "(?<x>a)(?<x>b)", "D"))
    is("{0='b' 1=false 2='b' x={1='b'}}", ngx.re.match("b", "(?<x>a)?(?<x>b)", "Djo"))
    is("{0='b' 1=false}", ngx.re.match("b", "(a)?\\1b", "J"))
    raises([[unknown flag "z" (flags "oz")]], ngx.re.match, "a", "a", "oz")
    is("nil, 'pcre_exec() failed: -23'", ngx.re.match("\255", ".", "u"))
  )lua");
}

TEST_CASE("ngx.re reports patterns that do not compile", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    is([[nil, 'pcre2_compile() failed: missing closing parenthesis in "(a"']], ngx.re.match("a", "(a"))
    is([[nil, nil, 'pcre2_compile() failed: missing closing parenthesis in "(a"']], ngx.re.find("a", "(a", "jo"))
    is([[nil, nil, 'pcre2_compile() failed: missing closing parenthesis in "(a"']], ngx.re.gsub("a", "(a", ""))
    is([[nil, 'pcre2_compile() failed: unmatched closing parenthesis in "a)b" at ")b"']], ngx.re.gmatch("a", "a)b"))
    raises("string expected", ngx.re.match, "a", nil)
  )lua");
}

TEST_CASE("ngx.re.match reads and moves ctx.pos and fills a given table", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    local ctx = {pos = 2}
    is("{0='234' 1='234'}", ngx.re.match("1234, hello", "([0-9]+)", "", ctx))
    is("5", ctx.pos)
    is("nil", ngx.re.match("1234, hello", "([0-9]+)", "", ctx))
    is("5", ctx.pos)
    ctx = {}
    is("{0='12'}", ngx.re.match("12, 34", "\\d+", "jo", ctx))
    is("{0='34'}", ngx.re.match("12, 34", "\\d+", "jo", ctx))
    is("7", ctx.pos)
    is("nil, 'pcre_exec() failed: -33'", ngx.re.match("a", "a", "", {pos = 3}))
    is("{0='a'}", ngx.re.match("a", "a", nil, {pos = -5}))
    local res = {old = 1}
    local got = ngx.re.match("ab", "(a)", "o", nil, res)
    assert(got == res)
    is("{0='a' 1='a' old=1}", res)
  )lua");
}

TEST_CASE("ngx.re.find gives the range of the match or of its nth group", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    is("8, 11", ngx.re.find("hello, 1234", "([0-9]+)", "jo"))
    is("nil", ngx.re.find("hello", "x"))
    is("2, 1", ngx.re.find("hello", "(?=e)"))
    is("8, 9", ngx.re.find("hello, 1234", "([0-9][0-9])([0-9]+)", "jo", nil, 1))
    is("10, 11", ngx.re.find("hello, 1234", "([0-9][0-9])([0-9]+)", "jo", nil, 2))
    is("nil, nil, 'nth out of bound'", ngx.re.find("hello, 1234", "([0-9]+)", "jo", nil, 2))
    is("nil, nil", ngx.re.find("b", "(a)?b", nil, nil, 1))
    local ctx = {pos = 3}
    is("3, 4", ngx.re.find("1234", "[0-9]{2}", "", ctx))
    is("5", ctx.pos)
  )lua");
}

TEST_CASE("ngx.re.gmatch iterates, steps over empty matches and ends once", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    local function all(...)
      local out = {}
      for m in ngx.re.gmatch(...) do out[#out + 1] = m[1] or m[0] end
      return unpack(out)
    end
    is("'hello', 'world'", all("hello, world!", "([a-z]+)", "i"))
    is("", all("hello", "\\d"))
    is("'', '', ''", all("ab", "x*"))
    is("'', '', ''", all("你好", "x*", "u"))
    is("'a', '', 'b', ''", all("acb", "[ab]*"))
    local it = ngx.re.gmatch("a", "a")
    is("{0='a'}", it())
    is("nil", it())
    is("nil", it())
  )lua");
}

TEST_CASE("ngx.re.sub and gsub replace by template", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    is("'[1][12]34, hello', 1", ngx.re.sub("1234, hello", "([0-9])[0-9]", "[$1][$0]"))
    is("'[hello,h], [world,w]', 2", ngx.re.gsub("hello, world", "([a-z])[a-z]+", "[$0,$1]", "i"))
    is("'$ab', 1", ngx.re.sub("xb", "x", "$$a"))
    is("'h1', 1", ngx.re.sub("h", "(h)", "${1}1"))
    is("'', 1", ngx.re.sub("h", "h", "$5"))
    is("'hello', 0", ngx.re.gsub("hello", "x", "y"))
    is("'-a-b-', 3", ngx.re.gsub("ab", "x*", "-"))
    is("'-你-好-', 3", ngx.re.gsub("你好", "", "-", "u"))
    is("'hll', 2", ngx.re.gsub("hello", "[eo]", ""))
    is("'1b', 1", ngx.re.sub("ab", "a", 1))
    for _, bad in ipairs{"$", "$x", "${", "${1", "${x}", "a$-"} do
      is("nil, nil, 'failed to compile the replacement template'", ngx.re.sub("a", "b", bad))
    end
    local long = ("x"):rep(5000)
    local out, n = ngx.re.gsub(long, "x", "$0$0")
    assert(#out == 10000 and n == 5000)
  )lua");
}

TEST_CASE("ngx.re.sub and gsub call a function, which may match and raise", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    is("'[hello,h], [world,w]', 2", ngx.re.gsub("hello, world", "([a-z])[a-z]+", function(m) return "[" .. m[0] .. "," .. m[1] .. "]" end))
    is("'$0b', 1", ngx.re.sub("ab", "a", function() return "$0" end))
    is("'nilb', 1", ngx.re.sub("ab", "a", function() end))
    is("'A-B-', 2", ngx.re.gsub("ab", "[a-z]", function(m)
      ngx.re.match("zzz", "[a-z]")
      return ngx.re.gsub(m[0], "[a-z]", function(n) return n[0]:upper() .. "-" end)
    end))
    raises("boom", ngx.re.gsub, "ab", "a", function() error("boom") end)
    is("'b', 1", ngx.re.gsub("ab", "a", ""))
  )lua");
}

TEST_CASE("ngx.re's split splits as OpenResty does", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    local split = require("ngx.re").split
    is("{1='a' 2='b' 3='c'}", split("a,b,c", ","))
    is("{1='a,b,c'}", split("a,b,c", ";"))
    is("{1='a' 2=',' 3='b' 4=',' 5='c'}", split("a,b,c", "(,)"))
    is("{1='a' 2='b,c,d'}", split("a,b,c,d", ",", nil, nil, 2))
    is("{1='a,b'}", split("a,b", ",", nil, nil, 1))
    is("{1='' 2='a'}", split(",a", ","))
    is("{1='a'}", split("a,,", ","))
    is("{1='a' 2='' 3=''}", split("a,,", ",", nil, nil, 3))
    is("{1='a' 2='b' 3='c'}", split("abc", ""))
    is("{}", split("", ","))
    is("{1='b' 2='c'}", split("a,b,c", ",", nil, {pos = 3}))
    is("{}", split("a", ",", nil, {pos = 5}))
    is("{1='a' 2='b'}", split("a b", "\\s+", "jo", nil, nil, {"x", "y"}))
    is("{1='a' 2='b' 4='z'}", split("a b", " ", nil, nil, nil, {"w", "x", "y", "z"}))
    is([[nil, 'pcre2_compile() failed: missing closing parenthesis in "("']], split("a", "("))
    raises("res is not a table", split, "a", ",", nil, nil, nil, 1)
    raises("unrecognized option name", require("ngx.re").opt, "x", 1)
  )lua");
}

TEST_CASE("ngx.re keeps no more patterns than it may and works without any", "[lua]") {
  LuaState lua(install_re);
  for (size_t entries : {0, 1, 2, 3}) {
    set_regex_cache_entries(lua.L, entries);
    lua.run(R"lua(
      for round = 1, 3 do
        for i = 1, 5 do
          is("{0='a" .. i .. "'}", ngx.re.match("xa" .. i, "a" .. i, "jo"))
          is("{0='a" .. i .. "'}", ngx.re.match("xa" .. i, "a" .. i))
        end
      end
      local it = ngx.re.gmatch("aaa", "a")
      it()
      for i = 1, 5 do ngx.re.match("x", "y" .. i) end
      is("{0='a'}", it())
      is("'bbb', 3", ngx.re.gsub("aaa", "a", function()
        for i = 1, 5 do ngx.re.match("x", "z" .. i) end
        collectgarbage()
        return "b"
      end))
      is("{0='a'}", it())
      is("nil", it())
      collectgarbage()
    )lua");
  }
}

TEST_CASE("ngx.re bounds the steps of a match when told to", "[lua]") {
  LuaState lua(install_re);
  set_regex_match_limit(lua.L, 10);
  lua.run(R"lua(
    is("nil, 'pcre_exec() failed: -47'", ngx.re.match(("a"):rep(30) .. "b", "^(a+)+$"))
    is("nil, nil, 'pcre_exec() failed: -47'", ngx.re.find(("a"):rep(30) .. "b", "^(a+)+$"))
  )lua");
  set_regex_match_limit(lua.L, 0);
  lua.run(R"lua(is("nil", ngx.re.match(("a"):rep(10) .. "b", "^(a+)+$")))lua");
}

TEST_CASE("ngx.re's machine code goes on without its stack", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    local subject = ("ab"):rep(50000)
    local m = assert(ngx.re.match(subject, "^(?:(a)|(b))*$", "jo"))
    assert(#m[0] == #subject)
  )lua");
}

TEST_CASE("ngx.re.opt sizes the stack of machine code before the first pattern only", "[lua]") {
  LuaState lua(install_re);
  lua.run(R"lua(
    local re = require "ngx.re"
    re.opt("jit_stack_size", 128 * 1024)
    re.opt("jit_stack_size", 256 * 1024)
    assert(ngx.re.match(("ab"):rep(1000), "^(?:(a)|(b))*$", "jo"))
    raises("changing jit stack size is not allowed", re.opt, "jit_stack_size", 1024)
  )lua");
}

TEST_CASE("ngx.re survives finalizers and metamethods that match with the same pattern or push it out of the cache", "[lua]") {
  LuaState lua(install_re);
  set_regex_cache_entries(lua.L, 2);
  lua.run(R"lua(
    local function disturb()
      for i = 1, 3 do ngx.re.match("x", "other" .. i, "jo") end
      ngx.re.match(("y"):rep(300) .. "abc", "(a)(b)(?<name>c)", "jo")
    end
    collectgarbage("setpause", 100)
    for i = 1, 300 do
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = disturb
      is("{0='abc' 1='a' 2='b' 3='c' name='c'}", ngx.re.match("abc", "(a)(b)(?<name>c)", "jo"))
      is("2, 2", ngx.re.find("abc", "(a)(b)(?<name>c)", "jo", nil, 2))
      is("'<abc>', 1", ngx.re.gsub("abc", "(a)(b)(?<name>c)", function(m) disturb() return "<" .. m[0] .. ">" end, "jo"))
      local seen = 0
      for m in ngx.re.gmatch("abcabc", "(a)(b)(?<name>c)", "jo") do seen = seen + 1 assert(m.name == "c") end
      is("2", seen)
    end
    local wild = function() return setmetatable({}, { __index = function(_, k) disturb() return 1 end, __newindex = disturb }) end
    is("{0='abc' 1='a' 2='b' 3='c' name='c'}", ngx.re.match("abc", "(a)(b)(?<name>c)", "jo", wild()))
    is("1, 3", ngx.re.find("abc", "(a)(b)(?<name>c)", "jo", wild()))
    for i = 1, 5 do
      raises("in the callback", ngx.re.gsub, "abc", "(a)(b)(?<name>c)", function() error("in the callback") end, "jo")
      is("'-', 1", ngx.re.gsub("abc", "(a)(b)(?<name>c)", "-", "jo"))
    end
  )lua");
}
