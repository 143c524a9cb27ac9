// ngx.shared: the dictionaries of lua_shared_dict as Lua objects with OpenResty's methods, which live in one table that Lua code may patch.
#pragma once

#include <sluice/shm/dict.h>

#include "lua_headers.h"

namespace sluice {

// install_shared adds `shared`, an empty table, to the `ngx` table on the top of the stack, and makes the metatable "sluice.dict".
void install_shared(lua_State* L);

// push_dict pushes an object for the dictionary, which must outlive the Lua state, as must `writes_dropped`. While that is true (init code
// is being replayed by a process that joins running ones) writing methods change nothing and report success.
void push_dict(lua_State* L, Dict* dict, const bool* writes_dropped);

inline constexpr size_t kMaxDictKeyBytes = 65535;

// push_dict_metatable pushes the metatable of the objects.
void push_dict_metatable(lua_State* L);
// dict_of gives the dictionary behind an object's address. REQUIRES: the object has that metatable.
Dict& dict_of(void* object);

}  // namespace sluice
