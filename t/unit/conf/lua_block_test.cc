#include "conf/lua_block.h"

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;

namespace {

// The code that a scan of `text` takes; REQUIRES that the block is closed.
std::string code_of(std::string_view text) {
  auto scan = scan_lua_block(text);
  REQUIRE(scan.outcome == LuaBlockScan::Outcome::closed);
  return std::string(text.substr(0, scan.length));
}

}  // namespace

TEST_CASE("a Lua block ends at the brace that matches its first one") {
  // Each is complete code; what follows the closing brace must stay untouched.
  const char* blocks[] = {
      "",
      " ngx.say(1) ",
      " local t = { { 1 }, { } } ",
      " ngx.say('}') ",
      " ngx.say(\"}{\\\"}\") ",
      " ngx.say('\\'}') ",
      " ngx.say('\\\\') ",
      " -- } it's a comment\n x = 1 ",
      " x = 1 --}\r\n",
      " --[[ } \n } ]] x = {} ",
      " --[==[ } ]] ]=] } ]==] ",
      " --[=x } \n ",
      " s = [[ } \" ' -- ]] ",
      " s = [=[ } ]] } ]=] ",
      " s = [[\n}\n]] ",
      " a[b[1]] = { c[2] } ",
      " a[ [[}]] ] = 1 ",
      " x = a[1]]=] ",
      " s = \"line \\\n } still\" ",
      " s = \"line \\\r\n } still\" ",
      " s = \"gap \\z  \n\t } still\" ",
      " s = '\\u{7d}' ",
      " x = 1 - 2 -- }\n - -3 ",
      " goto done ::done:: x = 0x7d ",
  };
  for (const char* block : blocks) {
    INFO(block);
    CHECK(code_of(std::string(block) + "} tail }") == block);
  }
}

TEST_CASE("a quote that nothing closes on its line is passed over") {
  CHECK(code_of(" x = \" { \n } } tail") == " x = \" { \n } ");
  CHECK(code_of(" it's } tail") == " it's ");
}

TEST_CASE("an unclosed block tells its innermost open brace") {
  auto own = scan_lua_block(" x = { } ");
  CHECK(own.outcome == LuaBlockScan::Outcome::open_brace);
  CHECK(own.at_block_brace);

  auto inner = scan_lua_block("\n x = {\n y = {\n } ");
  CHECK(inner.outcome == LuaBlockScan::Outcome::open_brace);
  CHECK_FALSE(inner.at_block_brace);
  CHECK(inner.offset == 6);

  CHECK(scan_lua_block("").at_block_brace);
  CHECK(scan_lua_block(" -- }").at_block_brace);
}

TEST_CASE("an unclosed long bracket tells its place and its closer") {
  struct {
    const char* text;
    size_t offset;
    const char* missing;
  } cases[] = {
      {"x = [[ }", 4, "]]"},
      {"x = [==[ } ]] ]=] }", 4, "]==]"},
      {"--[=[ } ]]", 2, "]=]"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    auto scan = scan_lua_block(c.text);
    CHECK(scan.outcome == LuaBlockScan::Outcome::open_long_bracket);
    CHECK(scan.offset == c.offset);
    CHECK(scan.missing == c.missing);
  }
}
