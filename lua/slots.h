// LuaSlots: Lua values kept by number for C++ objects, as luaL_ref does, but for less: the free numbers are handed out on this side, and
// the table lies on the stack of a Lua thread that never runs, so that nothing is looked up to reach it.
#pragma once

#include <vector>

#include "lua_headers.h"

namespace sluice {

class LuaSlots {
 public:
  static constexpr int kNone = 0;

  // The shelf lives as long as the Lua state.
  explicit LuaSlots(lua_State* main) : shelf_(lua_newthread(main)) {
    luaL_ref(main, LUA_REGISTRYINDEX);
    lua_newtable(shelf_);
  }
  LuaSlots(const LuaSlots&) = delete;
  LuaSlots& operator=(const LuaSlots&) = delete;

  // push_table pushes the table itself, number -> value: a C function that has it as an upvalue reads it there.
  void push_table(lua_State* L) const {
    lua_pushvalue(shelf_, 1);
    lua_xmove(shelf_, L, 1);
  }

  // reserve gives a number under which nothing is kept yet: the caller puts something into the table. It is not kNone.
  int reserve() {
    if (free_.empty()) return ++used_;
    int slot = free_.back();
    free_.pop_back();
    return slot;
  }

  // put takes the value from the top of the stack; gives its number, which is not kNone.
  int put(lua_State* L) {
    int slot = reserve();
    lua_xmove(L, shelf_, 1);
    lua_rawseti(shelf_, 1, slot);
    return slot;
  }

  void push(lua_State* L, int slot) const {
    lua_rawgeti(shelf_, 1, slot);
    lua_xmove(shelf_, L, 1);
  }

  // drop lets the value go and makes `slot` kNone. REQUIRES: slot is not kNone.
  void drop(int& slot) {
    lua_pushnil(shelf_);
    lua_rawseti(shelf_, 1, slot);
    free_.push_back(slot);
    slot = kNone;
  }

 private:
  lua_State* shelf_;
  std::vector<int> free_;
  int used_ = 0;
};

}  // namespace sluice
