#include "header_tables.h"

#include <algorithm>
#include <bitset>
#include <cstring>

#include <sluice/base/arena.h>
#include <sluice/base/strings.h>

#include "api.h"

namespace sluice {

namespace {

// In the registry; what push_headers finds as upvalues of the function that calls it.
constexpr const char* kMetatable = "sluice.headers";
constexpr const char* kNames = "sluice.header_names";  // HeaderId -> the name in lower case
constexpr int kMetatableUpvalue = lua_upvalueindex(1);
constexpr int kNamesUpvalue = lua_upvalueindex(2);

constexpr size_t kHeaderIds = static_cast<size_t>(HeaderId::count);

char looked_up(char c) { return c == '_' ? '-' : to_lower(c); }

}  // namespace

bool folds(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return looked_up(c) != c; });
}

void push_header_metatable(lua_State* L) { luaL_getmetatable(L, kMetatable); }

namespace {

// __index of a header table: the name in lower case with dashes. One that is so already is not in the table.
int find_any_case(lua_State* L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  std::string_view name = text_at(L, 2);
  if (!folds(name)) return 0;
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (char c : name) luaL_addchar(&buffer, looked_up(c));
  luaL_pushresult(&buffer);
  lua_rawget(L, 1);
  return 1;
}

void push_lower(lua_State* L, std::string_view name) {
  char small[256];
  if (name.size() > sizeof small) return push_text(L, name);
  for (size_t i = 0; i < name.size(); ++i) small[i] = to_lower(name[i]);
  push_text(L, {small, name.size()});
}

// add_value adds to the table at the top: key and value are on top of it and are popped. A second value makes a list.
void add_value(lua_State* L) {
  lua_pushvalue(L, -2);
  lua_rawget(L, -4);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_rawset(L, -3);
    return;
  }
  if (lua_istable(L, -1)) {
    lua_insert(L, -2);
    lua_rawseti(L, -2, static_cast<int>(lua_objlen(L, -2)) + 1);
    lua_pop(L, 2);
    return;
  }
  lua_createtable(L, 4, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 2);
  lua_rawset(L, -3);
}

// may_have_controls says no only of a text without control characters; it looks at eight bytes at once.
bool may_have_controls(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = kOnes * 0x80;
  auto suspicious = [](uint64_t bytes) {
    const uint64_t deletes = bytes ^ kOnes * 0x7f;
    return (((bytes - kOnes * 0x20) & ~bytes) | ((deletes - kOnes) & ~deletes)) & kHighs;
  };
  uint64_t bytes = 0;
  while (text.size() >= sizeof bytes) {
    std::memcpy(&bytes, text.data(), sizeof bytes);
    if (suspicious(bytes) != 0) return true;
    text.remove_prefix(sizeof bytes);
  }
  bytes = kOnes * ' ';
  if (!text.empty()) std::memcpy(&bytes, text.data(), text.size());
  return suspicious(bytes) != 0;
}

// escaped makes a value safe to be sent: control characters are percent-encoded, as OpenResty does.
std::string_view escaped(Arena& arena, std::string_view text) {
  if (!may_have_controls(text)) return arena.copy(text);
  auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
  size_t controls = 0;
  for (char c : text) controls += is_control(c);
  if (controls == 0) return arena.copy(text);
  constexpr char kDigits[] = "0123456789ABCDEF";
  char* out = arena.allocate_chars(text.size() + 2 * controls);
  char* at = out;
  for (char c : text) {
    if (!is_control(c)) {
      *at++ = c;
      continue;
    }
    *at++ = '%';
    *at++ = kDigits[static_cast<unsigned char>(c) >> 4];
    *at++ = kDigits[static_cast<unsigned char>(c) & 15];
  }
  return {out, static_cast<size_t>(at - out)};
}

// push_entry leaves the field's name in lower case and its value. True: no field before had that name.
bool push_entry(lua_State* L, const Header& header, std::bitset<kHeaderIds>& seen) {
  const auto id = static_cast<size_t>(header.id);
  const bool is_known = header.id != HeaderId::unknown;
  const bool is_first = is_known && !seen.test(id);
  seen.set(id);
  if (is_known) lua_rawgeti(L, kNamesUpvalue, static_cast<int>(id));
  else push_lower(L, header.name());
  push_text(L, header.value());
  return is_first;
}

}  // namespace

FieldName field_name(lua_State* L, int index) {
  std::string_view text = text_at(L, index);
  Vm& vm = Vm::of(L);
  if (const KnownField* known = vm.known.fields.find(text.data())) return {text, *known};
  KnownField field{header_id(text), header_name_is_valid(text), text.find('_') != std::string_view::npos};
  return {text, vm.known.fields.add(L, vm.slots(), index, field)};
}

int push_headers(lua_State* L, const Headers& headers, lua_Integer limit, bool raw) {
  luaL_checkstack(L, 8, nullptr);
  lua_createtable(L, 0, static_cast<int>(headers.size()));
  std::bitset<kHeaderIds> seen;
  lua_Integer taken = 0;
  bool truncated = false;
  for (const Header& header : headers) {
    if (header.removed) continue;
    if (limit > 0 && taken == limit) {
      truncated = true;
      break;
    }
    ++taken;
    if (!raw && push_entry(L, header, seen)) {
      lua_rawset(L, -3);
      continue;
    }
    if (raw) {
      push_text(L, header.name());
      push_text(L, header.value());
    }
    add_value(L);
  }
  if (!raw) {
    lua_pushvalue(L, kMetatableUpvalue);
    lua_setmetatable(L, -2);
  }
  if (!truncated) return 1;
  lua_pushliteral(L, "truncated");
  return 2;
}

void push_field(lua_State* L, const Headers& headers, const Header* first) {
  if (first == nullptr) return lua_pushnil(L);
  const Header* next = headers.next(first);
  if (next == nullptr) return push_text(L, first->value());
  lua_createtable(L, 2, 0);
  int at = 1;
  for (const Header* header = first; header != nullptr; header = headers.next(header)) {
    push_text(L, header->value());
    lua_rawseti(L, -2, at++);
  }
}

namespace {

// value_at copies a value of the type; raises when it is neither a string nor a number nor a boolean.
std::string_view value_at(lua_State* L, int index, int type, Arena& arena) {
  switch (type) {
    case LUA_TSTRING: return escaped(arena, text_at(L, index));
    case LUA_TBOOLEAN: return lua_toboolean(L, index) != 0 ? "true" : "false";
    case LUA_TNUMBER: {
      lua_pushvalue(L, index);
      std::string_view text = arena.copy(text_at(L, -1));
      lua_pop(L, 1);
      return text;
    }
    default:
      luaL_error(L, "invalid header value: string, number or table expected, got %s", luaL_typename(L, index));
      return {};
  }
}

}  // namespace

void store_field(lua_State* L, int index, Arena& arena, Headers& headers, const FieldName& name, bool single, FieldStore how) {
  const HeaderId id = name.known.id;
  const int type = lua_type(L, index);
  if (type == LUA_TNIL) {
    headers.remove(name.text);
    return;
  }
  std::string_view kept = id != HeaderId::unknown ? header_name(id) : arena.copy(name.text);
  if (type != LUA_TTABLE) {
    std::string_view value = value_at(L, index, type, arena);
    if (how == FieldStore::append) headers.add(id, kept, value);
    else if (id != HeaderId::unknown) headers.set(id, value);
    else headers.set(kept, value);
    return;
  }
  int count = static_cast<int>(lua_objlen(L, index));
  if (how == FieldStore::replace) headers.remove(kept);
  for (int i = single && count > 0 ? count : 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    headers.add(id, kept, value_at(L, lua_gettop(L), lua_type(L, -1), arena));
    lua_pop(L, 1);
  }
}

bool store_text(Arena& arena, Headers& headers, const FieldName& name, std::string_view value) {
  if (may_have_controls(value)) return false;
  value = arena.copy(value);
  if (name.known.id != HeaderId::unknown) headers.set(name.known.id, value);
  else headers.set(arena.copy(name.text), value);
  return true;
}

bool is_single_field(HeaderId id) {
  switch (id) {
    case HeaderId::server:
    case HeaderId::date:
    case HeaderId::content_encoding:
    case HeaderId::location:
    case HeaderId::refresh:
    case HeaderId::last_modified:
    case HeaderId::content_range:
    case HeaderId::accept_ranges:
    case HeaderId::www_authenticate:
    case HeaderId::expires:
    case HeaderId::etag:
    case HeaderId::content_length:
    case HeaderId::content_type: return true;
    default: return false;
  }
}

void install_header_tables(lua_State* L) {
  luaL_newmetatable(L, kMetatable);
  lua_pushcfunction(L, find_any_case);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_createtable(L, static_cast<int>(kHeaderIds), 0);
  for (size_t id = 1; id < kHeaderIds; ++id) {
    push_lower(L, header_name(static_cast<HeaderId>(id)));
    lua_rawseti(L, -2, static_cast<int>(id));
  }
  lua_setfield(L, LUA_REGISTRYINDEX, kNames);
}

void add_header_reader(lua_State* L, const char* name, lua_CFunction function) {
  luaL_getmetatable(L, kMetatable);
  lua_getfield(L, LUA_REGISTRYINDEX, kNames);
  lua_pushcclosure(L, function, 2);
  lua_setfield(L, -2, name);
}

}  // namespace sluice
