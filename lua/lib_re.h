// ngx.re and the module ngx.re: Perl-compatible regular expressions (PCRE2) on Lua strings. See regex_cache.h for what is kept compiled.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lua_headers.h"

namespace sluice {

// install_re adds `re` to the `ngx` table on the top of the stack and publishes the module "ngx.re".
void install_re(lua_State* L);

// set_regex_cache_entries bounds how many compiled patterns the VM keeps (lua_regex_cache_max_entries; 0: none). Default 1024.
void set_regex_cache_entries(lua_State* L, size_t entries);

// set_regex_match_limit bounds the steps of one match (lua_regex_match_limit; 0: PCRE2's own default of 10,000,000).
void set_regex_match_limit(lua_State* L, uint32_t limit);

}  // namespace sluice
