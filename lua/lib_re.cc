#include "lib_re.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "lib_text.h"
#include "regex_cache.h"
#include "replace_template.h"
#include "stack_buffer.h"

namespace sluice {

namespace {

// Pushes `nils` nils and the message of a failed match.
int push_match_error(lua_State* L, int nils, int error) {
  for (int i = 0; i < nils; ++i) lua_pushnil(L);
  lua_pushfstring(L, "pcre_exec() failed: %d", error);
  return nils + 1;
}

// After find() failed: its message is on the top of the stack.
int push_compile_error(lua_State* L, int nils) {
  for (int i = 0; i < nils; ++i) {
    lua_pushnil(L);
    lua_insert(L, -2);
  }
  return nils + 1;
}

bool is_set(const Regex& regex, uint32_t group, int set_groups) {
  return group < static_cast<uint32_t>(set_groups) && regex.offsets()[2 * group] != Regex::kUnset;
}

std::string_view group_text(const Regex& regex, std::string_view subject, uint32_t group) {
  size_t begin = regex.offsets()[2 * group], end = regex.offsets()[2 * group + 1];
  return end > begin ? subject.substr(begin, end - begin) : std::string_view();  // \K in a lookahead can end before it begins
}

void push_group(lua_State* L, const Regex& regex, std::string_view subject, uint32_t group, int set_groups) {
  if (is_set(regex, group, set_groups)) {
    push_view(L, group_text(regex, subject, group));
  } else {
    lua_pushboolean(L, 0);
  }
}

// With option D a name stands for several groups: an array of those that matched.
void add_to_named_array(lua_State* L, int table, std::string_view name) {
  push_view(L, name);
  lua_rawget(L, table);
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, 1, 0);
    push_view(L, name);
    lua_pushvalue(L, -2);
    lua_rawset(L, table);
  }
  lua_insert(L, -2);
  lua_rawseti(L, -2, static_cast<int>(lua_objlen(L, -2)) + 1);
  lua_pop(L, 1);
}

void set_named_groups(lua_State* L, int table, const Regex& regex, std::string_view subject, int set_groups) {
  for (uint32_t i = 0; i < regex.names(); ++i) {
    uint32_t group = 0;
    std::string_view name = regex.name(i, group);
    if (regex.duplicate_names()) {
      if (!is_set(regex, group, set_groups)) continue;
      push_group(L, regex, subject, group, set_groups);
      add_to_named_array(L, table, name);
    } else {
      push_view(L, name);
      push_group(L, regex, subject, group, set_groups);
      lua_rawset(L, table);
    }
  }
}

// Fills the table on the top of the stack.
void set_groups_of_match(lua_State* L, const Regex& regex, std::string_view subject, int set_groups) {
  int table = lua_gettop(L);
  for (uint32_t group = 0; group <= regex.groups(); ++group) {
    push_group(L, regex, subject, group, set_groups);
    lua_rawseti(L, table, static_cast<int>(group));
  }
  if (regex.names() != 0) set_named_groups(L, table, regex, subject, set_groups);
}

void push_new_match(lua_State* L, const Regex& regex, std::string_view subject, int set_groups) {
  lua_createtable(L, std::max(1, static_cast<int>(regex.groups())), static_cast<int>(regex.names()));
  set_groups_of_match(L, regex, subject, set_groups);
}

// ctx.pos counts from 1; what is missing or below means the beginning.
size_t start_position(lua_State* L, int context) {
  if (lua_isnoneornil(L, context)) return 0;
  luaL_checktype(L, context, LUA_TTABLE);
  lua_getfield(L, context, "pos");
  lua_Number position = lua_tonumber(L, -1);
  lua_pop(L, 1);
  constexpr lua_Number kFarthest = 1e15;
  return position > 1 ? static_cast<size_t>(std::min(position, kFarthest)) - 1 : 0;
}

void set_next_position(lua_State* L, int context, size_t end) {
  if (lua_isnoneornil(L, context)) return;
  lua_pushnumber(L, static_cast<lua_Number>(end + 1));
  lua_setfield(L, context, "pos");
}

// ngx.re.match(subject, regex, options?, ctx?, res_table?)
int re_match(lua_State* L) {
  const bool is_short = lua_gettop(L) == 3;  // as it is mostly called: neither ctx nor res_table
  if (!is_short) lua_settop(L, 5);
  std::string_view subject = text_argument(L, 1);
  size_t from = is_short ? 0 : start_position(L, 4);
  RegexCache& cache = RegexCache::in_function(L);
  Regex* regex = cache.find(L, 2, 3);
  if (regex == nullptr) return push_compile_error(L, 1);
  int set_groups = regex->run(subject, from);
  if (set_groups < 0) {
    cache.done(*regex);
    if (set_groups != Regex::kNoMatch) return push_match_error(L, 1, set_groups);
    lua_pushnil(L);
    return 1;
  }
  size_t end = regex->offsets()[1];
  if (!is_short && lua_istable(L, 5)) {
    lua_pushvalue(L, 5);
    set_groups_of_match(L, *regex, subject, set_groups);
  } else {
    push_new_match(L, *regex, subject, set_groups);
  }
  cache.done(*regex);
  if (!is_short) set_next_position(L, 4, end);  // the last thing: ctx may have metamethods
  return 1;
}

int push_range(lua_State* L, const Regex& regex, uint32_t group, int set_groups) {
  if (group > regex.groups()) {
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushliteral(L, "nth out of bound");
    return 3;
  }
  if (!is_set(regex, group, set_groups)) {
    lua_pushnil(L);
    lua_pushnil(L);
  } else {
    lua_pushnumber(L, static_cast<lua_Number>(regex.offsets()[2 * group] + 1));
    lua_pushnumber(L, static_cast<lua_Number>(regex.offsets()[2 * group + 1]));
  }
  return 2;
}

// ngx.re.find(subject, regex, options?, ctx?, nth?)
int re_find(lua_State* L) {
  lua_settop(L, 5);
  std::string_view subject = text_argument(L, 1);
  size_t from = start_position(L, 4);
  lua_Integer wanted = lua_isnoneornil(L, 5) ? 0 : luaL_checkinteger(L, 5);
  RegexCache& cache = RegexCache::in_function(L);
  Regex* regex = cache.find(L, 2, 3);
  if (regex == nullptr) return push_compile_error(L, 2);
  int set_groups = regex->run(subject, from);
  if (set_groups >= 0) {
    size_t end = regex->offsets()[1];
    int results = push_range(L, *regex, wanted < 0 ? 0 : static_cast<uint32_t>(wanted), set_groups);
    cache.done(*regex);
    set_next_position(L, 4, end);
    return results;
  }
  cache.done(*regex);
  if (set_groups != Regex::kNoMatch) return push_match_error(L, 2, set_groups);
  lua_pushnil(L);
  return 1;
}

// The position from which to look for the match after the last one. An empty match is followed by at least one character; nothing
// when the subject ends before it.
std::optional<size_t> position_after(const Regex& regex, std::string_view subject) {
  size_t begin = regex.offsets()[0], end = regex.offsets()[1];
  if (end > begin) return end;
  size_t next = regex.next_character(subject, begin);
  if (next > subject.size()) return std::nullopt;
  return next;
}

// The iterator of gmatch: upvalues are the cache, the Regex, the subject and the next position, nil at the end.
int re_next_match(lua_State* L) {
  if (lua_isnil(L, lua_upvalueindex(4))) {
    lua_pushnil(L);
    return 1;
  }
  RegexCache& cache = RegexCache::in_function(L);
  auto& regex = *static_cast<Regex*>(lua_touserdata(L, lua_upvalueindex(2)));
  if (regex.busy()) return luaL_error(L, "the pattern of this iterator is at work");  // this is a finalizer in the middle of its match
  size_t size = 0;
  const char* text = lua_tolstring(L, lua_upvalueindex(3), &size);
  std::string_view subject(text, size);
  int set_groups = regex.run(subject, static_cast<size_t>(lua_tonumber(L, lua_upvalueindex(4))));
  std::optional<size_t> next = set_groups >= 0 ? position_after(regex, subject) : std::nullopt;
  int results = 1;
  if (set_groups >= 0) {
    push_new_match(L, regex, subject, set_groups);
  } else if (set_groups == Regex::kNoMatch) {
    lua_pushnil(L);
  } else {
    results = push_match_error(L, 1, set_groups);
  }
  regex.rest();
  if (next) {
    lua_pushnumber(L, static_cast<lua_Number>(*next));
  } else {
    lua_pushnil(L);
    regex.unpin();
    cache.done(regex);
  }
  lua_replace(L, lua_upvalueindex(4));
  return results;
}

// ngx.re.gmatch(subject, regex, options?)
int re_gmatch(lua_State* L) {
  lua_settop(L, 3);
  text_argument(L, 1);
  Regex* regex = RegexCache::in_function(L).find(L, 2, 3);
  if (regex == nullptr) return push_compile_error(L, 1);
  regex->pin();
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, -2);
  lua_pushvalue(L, 1);
  lua_pushnumber(L, 0);
  lua_pushcclosure(L, re_next_match, 4);
  return 1;
}

// Where a replacement comes from: a function at index 3, or a template.
struct Replacement {
  bool is_function;
  ReplaceTemplate text;
};

void append_replacement(lua_State* L, const Replacement& with, Regex& regex, std::string_view subject, int set_groups,
                        StackBuffer& out) {
  if (!with.is_function) {
    with.text.render(
        [&](std::string_view piece) { out.append(piece); },
        [&](uint32_t group) {
          if (is_set(regex, group, set_groups)) out.append(group_text(regex, subject, group));
        });
    return;
  }
  lua_pushvalue(L, 3);
  push_new_match(L, regex, subject, set_groups);
  regex.rest();
  lua_call(L, 1, 1);
  out.append(text_argument(L, lua_gettop(L)));
  lua_pop(L, 1);
}

enum class Repeat : bool { no, yes };

// Appends the subject with its matches replaced; gives how many there were, or an error of PCRE2. The function may match with the same
// Regex, so what is needed of a match is read before it is called.
int substitute(lua_State* L, Regex& regex, std::string_view subject, const Replacement& with, Repeat repeat, StackBuffer& out) {
  int count = 0;
  size_t copied = 0;
  std::optional<size_t> from = 0;
  while (from) {
    int set_groups = regex.run(subject, *from);
    if (set_groups == Regex::kNoMatch) break;
    if (set_groups < 0) return set_groups;
    ++count;
    size_t begin = regex.offsets()[0], end = regex.offsets()[1];
    from = position_after(regex, subject);
    if (begin > copied) out.append(subject.substr(copied, begin - copied));
    copied = std::max(copied, end);
    append_replacement(L, with, regex, subject, set_groups, out);
    if (repeat == Repeat::no) break;
  }
  if (count > 0) out.append(subject.substr(copied));
  return count;
}

int push_substituted(lua_State* L, Regex& regex, std::string_view subject, const Replacement& with, Repeat repeat) {
  StackBuffer out(L);
  int count = substitute(L, regex, subject, with, repeat, out);
  if (count < 0) return push_match_error(L, 2, count);
  if (count == 0) {
    lua_pushvalue(L, 1);
  } else {
    out.push();
  }
  lua_pushinteger(L, count);
  return 2;
}

int re_substitute(lua_State* L, Repeat repeat) {
  lua_settop(L, 4);
  std::string_view subject = text_argument(L, 1);
  Replacement with{lua_isfunction(L, 3) != 0, {}};
  if (!with.is_function) with.text = ReplaceTemplate(text_argument(L, 3));
  RegexCache& cache = RegexCache::in_function(L);
  Regex* regex = cache.find(L, 2, 4);
  if (regex == nullptr) return push_compile_error(L, 2);
  if (!with.text.valid()) {
    cache.done(*regex);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushliteral(L, "failed to compile the replacement template");
    return 3;
  }
  regex->pin();
  int results = push_substituted(L, *regex, subject, with, repeat);
  regex->unpin();
  cache.done(*regex);
  return results;
}

// ngx.re.sub(subject, regex, replace, options?) and gsub
int re_sub(lua_State* L) { return re_substitute(L, Repeat::no); }
int re_gsub(lua_State* L) { return re_substitute(L, Repeat::yes); }

// Splitter fills the array at `table` with what lies between the matches, each piece followed by the match's first group if that is set.
struct Splitter {
  lua_State* L;
  int table;
  std::string_view subject;
  lua_Integer max;  // pieces; 0: all
  int count = 0;

  void add(std::string_view piece) {
    push_view(L, piece);
    lua_rawseti(L, table, ++count);
  }

  // Gives 0 or an error of PCRE2.
  int run(Regex& regex, size_t piece_begin) {
    std::optional<size_t> from = piece_begin;
    lua_Integer pieces = 1;
    while (from && piece_begin < subject.size() && (max <= 0 || pieces < max)) {
      int set_groups = regex.run(subject, *from);
      if (set_groups == Regex::kNoMatch) break;
      if (set_groups < 0) return set_groups;
      size_t begin = regex.offsets()[0], end = regex.offsets()[1];
      from = position_after(regex, subject);
      if (begin == end && begin == piece_begin) continue;  // an empty match where a piece begins separates nothing
      add(begin > piece_begin ? subject.substr(piece_begin, begin - piece_begin) : std::string_view());
      if (regex.groups() > 0 && is_set(regex, 1, set_groups)) add(group_text(regex, subject, 1));
      piece_begin = std::max(piece_begin, end);
      ++pieces;
    }
    if (max > 0 || piece_begin < subject.size()) {
      add(subject.substr(piece_begin));
    } else {
      drop_empty_tail();
    }
    return 0;
  }

  void drop_empty_tail() {
    for (; count > 0; --count) {
      lua_rawgeti(L, table, count);
      bool empty = lua_objlen(L, -1) == 0;
      lua_pop(L, 1);
      if (!empty) break;
      lua_pushnil(L);
      lua_rawseti(L, table, count);
    }
  }
};

// split(subject, regex, options?, ctx?, max?, res_table?) of the module ngx.re
int re_split(lua_State* L) {
  lua_settop(L, 6);
  std::string_view subject = text_argument(L, 1);
  size_t from = start_position(L, 4);
  lua_Integer max = lua_isnil(L, 5) ? 0 : luaL_checkinteger(L, 5);
  if (lua_isnil(L, 6)) {
    lua_createtable(L, 4, 0);
    lua_replace(L, 6);
  } else if (!lua_istable(L, 6)) {
    return luaL_error(L, "res is not a table");
  }
  Splitter splitter{L, 6, subject, max};
  if (from < subject.size()) {
    RegexCache& cache = RegexCache::in_function(L);
    Regex* regex = cache.find(L, 2, 3);
    if (regex == nullptr) return push_compile_error(L, 1);
    int error = splitter.run(*regex, from);
    cache.done(*regex);
    if (error < 0) return push_match_error(L, 1, error);
  }
  lua_pushnil(L);
  lua_rawseti(L, 6, splitter.count + 1);
  lua_pushvalue(L, 6);
  return 1;
}

// opt(name, value) of the module ngx.re
int re_opt(lua_State* L) {
  if (std::string_view(luaL_checkstring(L, 1)) != "jit_stack_size") return luaL_error(L, "unrecognized option name");
  lua_Number bytes = luaL_checknumber(L, 2);
  constexpr lua_Number kLargest = 1 << 30;
  RegexCache& cache = RegexCache::in_function(L);
  if (!cache.empty()) {
    return luaL_error(L, "changing jit stack size is not allowed when some regexs have already been compiled and cached");
  }
  size_t size = bytes > 0 ? static_cast<size_t>(std::min(bytes, kLargest)) : 0;
  if (!cache.set_jit_stack(size)) return luaL_error(L, "pcre jit stack allocation failed");
  return 0;
}

constexpr luaL_Reg kFunctions[] = {
    {"match", re_match}, {"find", re_find}, {"gmatch", re_gmatch}, {"sub", re_sub}, {"gsub", re_gsub}, {nullptr, nullptr},
};

constexpr luaL_Reg kModuleFunctions[] = {
    {"split", re_split},
    {"opt", re_opt},
    {nullptr, nullptr},
};

constexpr int kUpvalues = 2;  // see RegexCache::push_new

}  // namespace

void install_re(lua_State* L) {
  RegexCache::push_new(L);
  lua_createtable(L, 0, static_cast<int>(std::size(kModuleFunctions)));
  add_functions(L, kModuleFunctions, kUpvalues);
  publish_module(L, "ngx.re");
  lua_createtable(L, 0, static_cast<int>(std::size(kFunctions)));
  add_functions(L, kFunctions, kUpvalues);
  lua_insert(L, -1 - kUpvalues);
  lua_pop(L, kUpvalues);
  lua_setfield(L, -2, "re");
}

void set_regex_cache_entries(lua_State* L, size_t entries) { RegexCache::of(L).set_entries(entries); }
void set_regex_match_limit(lua_State* L, uint32_t limit) { RegexCache::of(L).set_match_limit(limit); }

}  // namespace sluice
