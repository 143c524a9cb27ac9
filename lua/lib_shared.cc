#include "lib_shared.h"

#include <cmath>

#include "lib_text.h"

namespace sluice {

namespace {

constexpr const char* kMetatable = "sluice.dict";

struct DictObject {
  Dict* dict;
  const bool* writes_dropped;
};

// The object a method was called on. Upvalues of the methods: the metatable, and where the last object is remembered that had it: objects
// live as long as the state, so that its address is enough the next time.
DictObject& self(lua_State* L) {
  auto* object = static_cast<DictObject*>(lua_touserdata(L, 1));
  auto* last = static_cast<DictObject**>(lua_touserdata(L, lua_upvalueindex(2)));
  if (object != nullptr && object == *last) return *object;
  if (object == nullptr || !lua_getmetatable(L, 1)) luaL_error(L, "bad \"zone\" argument");
  if (!lua_rawequal(L, -1, lua_upvalueindex(1))) luaL_error(L, "bad \"zone\" argument");
  lua_pop(L, 1);
  *last = object;
  return *object;
}

// The key at index 2; `error` is set when it is unusable.
struct Key {
  std::string_view text;
  const char* error = nullptr;
};

Key key_argument(lua_State* L) {
  size_t size = 0;
  const char* data = lua_tolstring(L, 2, &size);
  if (data == nullptr && lua_isnoneornil(L, 2)) return {{}, "nil key"};
  std::string_view text = data != nullptr ? std::string_view(data, size) : text_argument(L, 2);
  if (text.empty()) return {{}, "empty key"};
  if (text.size() > kMaxDictKeyBytes) return {{}, "key too long"};
  return {text};
}

// The value at the index, in the types a dictionary can hold; false for others.
bool value_argument(lua_State* L, int index, DictValue& out) {
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: out.type = DictValue::Type::nil; return true;
    case LUA_TBOOLEAN:
      out.type = DictValue::Type::boolean;
      out.boolean = lua_toboolean(L, index) != 0;
      return true;
    case LUA_TNUMBER:
      out.type = DictValue::Type::number;
      out.number = lua_tonumber(L, index);
      return true;
    case LUA_TSTRING: {
      size_t size = 0;
      const char* data = lua_tolstring(L, index, &size);
      out.type = DictValue::Type::string;
      out.string = {data, size};
      return true;
    }
    default: return false;
  }
}

// Seconds to milliseconds; what is shorter than one becomes one, because zero means "never".
uint64_t to_ms(lua_Number seconds) {
  constexpr lua_Number kLongest = 1e15;
  lua_Number ms = std::floor(seconds * 1000);
  if (ms < 1) return seconds > 0 ? 1 : 0;
  return ms > kLongest ? static_cast<uint64_t>(kLongest) : static_cast<uint64_t>(ms);
}

uint64_t ttl_argument(lua_State* L, int index) {
  if (!lua_toboolean(L, index)) return 0;
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds >= 0)) luaL_error(L, "bad \"exptime\" argument");
  return to_ms(seconds);
}

int push_store_result(lua_State* L, const Dict::StoreResult& result) {
  lua_pushboolean(L, result.error == nullptr);
  if (result.error != nullptr) {
    lua_pushstring(L, result.error);
  } else {
    lua_pushnil(L);
  }
  lua_pushboolean(L, result.forcible);
  return 3;
}

enum class Evict : bool { no, yes };

int store(lua_State* L, Dict::Store how, Evict evict) {
  DictObject& object = self(L);
  uint64_t ttl_ms = ttl_argument(L, 4);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  DictValue value;
  if (!value_argument(L, 3, value)) return push_nil_and(L, "bad value type");
  if (lua_toboolean(L, 5)) value.flags = static_cast<uint32_t>(static_cast<int64_t>(luaL_checknumber(L, 5)));
  if (*object.writes_dropped) return push_store_result(L, {});
  return push_store_result(L, object.dict->store(how, key.text, value, ttl_ms, evict == Evict::no));
}

int dict_set(lua_State* L) { return store(L, Dict::Store::set, Evict::yes); }
int dict_safe_set(lua_State* L) { return store(L, Dict::Store::set, Evict::no); }
int dict_add(lua_State* L) { return store(L, Dict::Store::add, Evict::yes); }
int dict_safe_add(lua_State* L) { return store(L, Dict::Store::add, Evict::no); }
int dict_replace(lua_State* L) { return store(L, Dict::Store::replace, Evict::yes); }

int dict_delete(lua_State* L) {
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  if (!*object.writes_dropped) object.dict->remove(key.text);
  return push_store_result(L, {});
}

void push_value(lua_State* L, const DictValue& value) {
  switch (value.type) {
    case DictValue::Type::boolean: lua_pushboolean(L, value.boolean); break;
    case DictValue::Type::number: lua_pushnumber(L, value.number); break;
    case DictValue::Type::string: push_view(L, value.string); break;
    case DictValue::Type::nil:
    case DictValue::Type::list: lua_pushnil(L); break;
  }
}

int dict_get(lua_State* L) {
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  DictValue value;
  if (!object.dict->get(key.text, value)) {
    lua_pushnil(L);
    return 1;
  }
  if (value.type == DictValue::Type::list) return push_nil_and(L, "value is a list");
  push_value(L, value);
  if (value.flags == 0) return 1;
  lua_pushnumber(L, value.flags);
  return 2;
}

int dict_get_stale(lua_State* L) {
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  DictValue value;
  if (!object.dict->get_stale(key.text, value)) {
    lua_pushnil(L);
    return 1;
  }
  if (value.type == DictValue::Type::list) return push_nil_and(L, "value is a list");
  push_value(L, value);
  if (value.flags == 0) {
    lua_pushnil(L);
  } else {
    lua_pushnumber(L, value.flags);
  }
  lua_pushboolean(L, value.stale);
  return 3;
}

// The arguments of incr after the key.
struct Increment {
  lua_Number by = 0;
  std::optional<double> init;
  uint64_t init_ttl_ms = 0;
};

lua_Number number_or_raise(lua_State* L, int index, const char* name) {
  if (!lua_isnumber(L, index)) luaL_error(L, "bad %s arg: number expected, got %s", name, luaL_typename(L, index));
  return lua_tonumber(L, index);
}

Increment increment_arguments(lua_State* L) {
  Increment out;
  out.by = luaL_checknumber(L, 3);
  if (lua_toboolean(L, 4)) out.init = number_or_raise(L, 4, "init");
  if (lua_isnoneornil(L, 5)) return out;
  lua_Number ttl = number_or_raise(L, 5, "init_ttl");
  if (!(ttl >= 0)) luaL_error(L, "bad \"init_ttl\" argument");
  if (!out.init) luaL_error(L, "must provide \"init\" when providing \"init_ttl\"");
  out.init_ttl_ms = to_ms(ttl);
  return out;
}

// What incr would give, changing nothing.
Dict::IncrResult preview_incr(Dict& dict, std::string_view key, const Increment& increment) {
  DictValue value;
  if (dict.get(key, value)) {
    if (value.type != DictValue::Type::number) return {0, "not a number", false};
    return {value.number + increment.by, nullptr, false};
  }
  if (!increment.init) return {0, "not found", false};
  return {*increment.init + increment.by, nullptr, false};
}

int dict_incr(lua_State* L) {
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  Increment increment = increment_arguments(L);
  Dict::IncrResult result = *object.writes_dropped
                                ? preview_incr(*object.dict, key.text, increment)
                                : object.dict->incr(key.text, increment.by, increment.init, increment.init_ttl_ms);
  if (result.error != nullptr) return push_nil_and(L, result.error);
  lua_pushnumber(L, result.value);
  if (!increment.init) return 1;
  lua_pushnil(L);
  lua_pushboolean(L, result.forcible);
  return 3;
}

int push_length(lua_State* L, const Dict::PushResult& result) {
  if (result.error != nullptr) return push_nil_and(L, result.error);
  lua_pushnumber(L, static_cast<lua_Number>(result.length));
  return 1;
}

int push_to_list(lua_State* L, Dict::End end) {
  if (lua_gettop(L) != 3) return luaL_error(L, "expecting 3 arguments, but only seen %d", lua_gettop(L));
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  DictValue value;
  bool usable = value_argument(L, 3, value) && (value.type == DictValue::Type::string || value.type == DictValue::Type::number);
  if (!usable) return push_nil_and(L, "bad value type");
  if (!*object.writes_dropped) return push_length(L, object.dict->push(end, key.text, value));
  Dict::PushResult result = object.dict->list_length(key.text);
  ++result.length;
  return push_length(L, result);
}

int dict_lpush(lua_State* L) { return push_to_list(L, Dict::End::left); }
int dict_rpush(lua_State* L) { return push_to_list(L, Dict::End::right); }

int pop_from_list(lua_State* L, Dict::End end) {
  if (lua_gettop(L) != 2) return luaL_error(L, "expecting 2 arguments, but only seen %d", lua_gettop(L));
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  DictValue value;
  const char* error = *object.writes_dropped ? nullptr : object.dict->pop(end, key.text, value);
  if (error != nullptr) return push_nil_and(L, error);
  push_value(L, value);
  return 1;
}

int dict_lpop(lua_State* L) { return pop_from_list(L, Dict::End::left); }
int dict_rpop(lua_State* L) { return pop_from_list(L, Dict::End::right); }

int dict_llen(lua_State* L) {
  if (lua_gettop(L) != 2) return luaL_error(L, "expecting 2 arguments, but only seen %d", lua_gettop(L));
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  return push_length(L, object.dict->list_length(key.text));
}

int dict_ttl(lua_State* L) {
  DictObject& object = self(L);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  std::optional<uint64_t> ms = object.dict->ttl(key.text);
  if (!ms) return push_nil_and(L, "not found");
  lua_pushnumber(L, static_cast<lua_Number>(*ms) / 1000);
  return 1;
}

int dict_expire(lua_State* L) {
  DictObject& object = self(L);
  if (!lua_toboolean(L, 3)) return luaL_error(L, "bad \"exptime\" argument");
  lua_Number seconds = luaL_checknumber(L, 3);
  Key key = key_argument(L);
  if (key.error != nullptr) return push_nil_and(L, key.error);
  bool found = *object.writes_dropped ? object.dict->ttl(key.text).has_value() : object.dict->expire(key.text, to_ms(seconds));
  if (!found) return push_nil_and(L, "not found");
  lua_pushboolean(L, 1);
  return 1;
}

int dict_flush_all(lua_State* L) {
  DictObject& object = self(L);
  if (!*object.writes_dropped) object.dict->flush_all();
  return 0;
}

// The optional count after the object: how many entries to list or to free, 0 for all.
size_t count_argument(lua_State* L, size_t otherwise) {
  int arguments = lua_gettop(L);
  if (arguments != 1 && arguments != 2) luaL_error(L, "expecting 1 or 2 argument(s), but saw %d", arguments);
  if (arguments == 1) return otherwise;
  lua_Integer count = luaL_checkinteger(L, 2);
  return count < 0 ? 0 : static_cast<size_t>(count);
}

int dict_flush_expired(lua_State* L) {
  size_t max = count_argument(L, 0);
  DictObject& object = self(L);
  size_t freed = *object.writes_dropped ? 0 : object.dict->flush_expired(max);
  lua_pushnumber(L, static_cast<lua_Number>(freed));
  return 1;
}

int dict_get_keys(lua_State* L) {
  constexpr size_t kDefaultMax = 1024;
  size_t max = count_argument(L, kDefaultMax);
  DictObject& object = self(L);
  std::vector<std::string> keys = object.dict->keys(max);
  lua_createtable(L, static_cast<int>(keys.size()), 0);
  for (size_t i = 0; i < keys.size(); ++i) {
    push_view(L, keys[i]);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
  return 1;
}

int dict_capacity(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(self(L).dict->capacity()));
  return 1;
}

int dict_free_space(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(self(L).dict->free_space()));
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"get", dict_get},
    {"get_stale", dict_get_stale},
    {"set", dict_set},
    {"safe_set", dict_safe_set},
    {"add", dict_add},
    {"safe_add", dict_safe_add},
    {"replace", dict_replace},
    {"delete", dict_delete},
    {"incr", dict_incr},
    {"lpush", dict_lpush},
    {"rpush", dict_rpush},
    {"lpop", dict_lpop},
    {"rpop", dict_rpop},
    {"llen", dict_llen},
    {"ttl", dict_ttl},
    {"expire", dict_expire},
    {"flush_all", dict_flush_all},
    {"flush_expired", dict_flush_expired},
    {"get_keys", dict_get_keys},
    {"capacity", dict_capacity},
    {"free_space", dict_free_space},
    {nullptr, nullptr},
};

}  // namespace

void install_shared(lua_State* L) {
  luaL_newmetatable(L, kMetatable);
  *static_cast<DictObject**>(lua_newuserdata(L, sizeof(DictObject*))) = nullptr;
  lua_createtable(L, 0, static_cast<int>(std::size(kMethods)));
  add_functions(L, kMethods, 2);
  lua_setfield(L, -3, "__index");
  lua_pop(L, 2);
  lua_newtable(L);
  lua_setfield(L, -2, "shared");
}

void push_dict_metatable(lua_State* L) { luaL_getmetatable(L, kMetatable); }

Dict& dict_of(void* object) { return *static_cast<DictObject*>(object)->dict; }

void push_dict(lua_State* L, Dict* dict, const bool* writes_dropped) {
  auto* object = static_cast<DictObject*>(lua_newuserdata(L, sizeof(DictObject)));
  *object = {dict, writes_dropped};
  luaL_getmetatable(L, kMetatable);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  luaL_ref(L, LUA_REGISTRYINDEX);
}

}  // namespace sluice
