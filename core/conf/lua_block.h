// Lua block: finds the brace that ends the raw code of a `..._by_lua_block { ... }`.
//
// The code is read as Lua 5.1/LuaJIT reads it, so braces count only outside strings and comments: short
// strings (with escaped newlines and \z), long strings and long comments of any level, line comments. That is
// a superset of what lua-nginx-module recognises: its strings do not span lines. A quote that no string of
// this line closes is not Lua; it is passed over, as there, and the Lua compiler reports it with its line.
// Pure: bytes in, positions out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

struct LuaBlockScan {
  enum class Outcome : uint8_t {
    closed,
    open_brace,         // the text ended before a `{` was closed
    open_long_bracket,  // the text ended inside a long string or long comment
  };
  Outcome outcome = Outcome::closed;
  size_t length = 0;            // closed: bytes of code before the closing brace
  size_t offset = 0;            // not closed: where the innermost open brace or bracket stands in the text...
  bool at_block_brace = false;  // ...unless that is the block's own brace, which stands before the text
  std::string missing;          // open_long_bracket: the closer that is missing, `]==]`
};

// scan_lua_block reads `text` from directly after the block's opening brace.
LuaBlockScan scan_lua_block(std::string_view text);

}  // namespace sluice
