#include "regex_cache.h"

#include <new>

#include <sluice/base/check.h>
#include <sluice/base/strings.h>

#include "lib_text.h"

namespace sluice {

namespace {

constexpr const char* kRegistryKey = "sluice.regex_cache";
constexpr const char* kRegexMetatable = "sluice.regex";
constexpr size_t kMinJitStackBytes = 32 * 1024;
constexpr size_t kDfaWorkspace = 1000;

std::string compile_message(int code, std::string_view pattern, size_t offset) {
  PCRE2_UCHAR reason[256];
  pcre2_get_error_message(code, reason, sizeof reason);
  std::string out = concat("pcre2_compile() failed: ", reinterpret_cast<const char*>(reason), " in \"", pattern, "\"");
  if (offset < pattern.size()) out += concat(" at \"", pattern.substr(offset), "\"");
  return out;
}

RegexOptions parse_options(lua_State* L, std::string_view text) {
  RegexOptions out;
  for (char c : text) {
    switch (c) {
      case 'a': out.compile |= PCRE2_ANCHORED; break;
      case 'd': out.dfa = true; break;
      case 'D': out.compile |= PCRE2_DUPNAMES; out.duplicate_names = true; break;
      case 'i': out.compile |= PCRE2_CASELESS; break;
      case 'j': out.jit = true; break;
      case 'J': out.compile |= PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF; break;
      case 'm': out.compile |= PCRE2_MULTILINE; break;
      case 'o': break;
      case 's': out.compile |= PCRE2_DOTALL; break;
      case 'u': out.compile |= PCRE2_UTF; break;
      case 'U': out.compile |= PCRE2_UTF; out.unchecked_utf = true; break;
      case 'x': out.compile |= PCRE2_EXTENDED; break;
      default: luaL_error(L, "unknown flag \"%c\" (flags \"%s\")", c, text.data());
    }
  }
  return out;
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

std::string Regex::compile(std::string_view pattern) {
  int error = 0;
  size_t offset = 0;
  code_ = pcre2_compile(units(pattern), pattern.size(), options_.compile, &error, &offset, nullptr);
  if (code_ == nullptr) return compile_message(error, pattern, offset);
  bool jitted = options_.jit && !options_.dfa && pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE) == 0;
  uint32_t all_options = 0;  // with those of "(*UTF)" in the pattern
  pcre2_pattern_info(code_, PCRE2_INFO_ALLOPTIONS, &all_options);
  utf_ = (all_options & PCRE2_UTF) != 0;
  fast_ = jitted && (!utf_ || options_.unchecked_utf);
  if (!options_.dfa) {
    pcre2_pattern_info(code_, PCRE2_INFO_CAPTURECOUNT, &groups_);
    pcre2_pattern_info(code_, PCRE2_INFO_NAMECOUNT, &names_);
    pcre2_pattern_info(code_, PCRE2_INFO_NAMEENTRYSIZE, &name_bytes_);
    pcre2_pattern_info(code_, PCRE2_INFO_NAMETABLE, &name_table_);
  }
  data_ = pcre2_match_data_create(groups_ + 1, nullptr);
  CHECK(data_ != nullptr);
  offsets_ = pcre2_get_ovector_pointer(data_);
  return {};
}

void Regex::release() {
  pcre2_match_data_free(data_);
  pcre2_code_free(code_);
  data_ = nullptr;
  code_ = nullptr;
  std::string().swap(pattern_);
  std::string().swap(options_text_);
}

int Regex::run(std::string_view subject, size_t from) {
  busy_ = true;
  if (from > subject.size()) return PCRE2_ERROR_BADOFFSET;
  uint32_t flags = options_.unchecked_utf ? PCRE2_NO_UTF_CHECK : 0;
  pcre2_match_context* context = cache_.context_;
  if (fast_) {
    int groups = pcre2_jit_match(code_, units(subject), subject.size(), from, 0, data_, context);
    if (groups != PCRE2_ERROR_JIT_STACKLIMIT) return groups;
    return pcre2_match(code_, units(subject), subject.size(), from, flags | PCRE2_NO_JIT, data_, context);
  }
  if (options_.dfa) {
    int workspace[kDfaWorkspace];
    int groups = pcre2_dfa_match(code_, units(subject), subject.size(), from, flags, data_, context, workspace, kDfaWorkspace);
    return groups == 0 ? 1 : groups;  // 0: there were shorter matches too
  }
  int groups = pcre2_match(code_, units(subject), subject.size(), from, flags, data_, context);
  if (groups != PCRE2_ERROR_JIT_STACKLIMIT) return groups;
  return pcre2_match(code_, units(subject), subject.size(), from, flags | PCRE2_NO_JIT, data_, context);
}

std::string_view Regex::name(uint32_t i, uint32_t& group) const {
  const char* entry = name_table_ + size_t(i) * name_bytes_;
  group = static_cast<uint32_t>(static_cast<unsigned char>(entry[0]) << 8 | static_cast<unsigned char>(entry[1]));
  return entry + 2;
}

size_t Regex::next_character(std::string_view subject, size_t at) const {
  ++at;
  while (utf_ && at < subject.size() && (static_cast<unsigned char>(subject[at]) & 0xC0) == 0x80) ++at;
  return at;
}

RegexCache::RegexCache() : context_(pcre2_match_context_create(nullptr)) { CHECK(context_ != nullptr); }

// The collectors leave objects that still work: when a VM ends, finalizers of others may run later and match.
int RegexCache::collect(lua_State* L) {
  auto* cache = static_cast<RegexCache*>(lua_touserdata(L, 1));
  pcre2_match_context_free(cache->context_);
  pcre2_jit_stack_free(cache->jit_stack_);
  cache->context_ = nullptr;
  cache->jit_stack_ = nullptr;
  return 0;
}

int RegexCache::collect_regex(lua_State* L) {
  auto* regex = static_cast<Regex*>(lua_touserdata(L, 1));
  if (regex->kept_) regex->cache_.unlink(regex);
  regex->cache_.forget_recent(regex);
  regex->release();
  return 0;
}

void RegexCache::push_new(lua_State* L) {
  luaL_newmetatable(L, kRegexMetatable);
  lua_pushcfunction(L, collect_regex);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  new (lua_newuserdata(L, sizeof(RegexCache))) RegexCache;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, kRegistryKey);
  lua_newtable(L);
  lua_newtable(L);
  lua_setfield(L, -2, "");
}

RegexCache& RegexCache::of(lua_State* L) {
  lua_getfield(L, LUA_REGISTRYINDEX, kRegistryKey);
  auto* cache = static_cast<RegexCache*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  CHECK(cache != nullptr);
  return *cache;
}

// The Regex that these very strings gave before; null when there is none or it is at work.
Regex* RegexCache::usable_recent(const char* pattern, const char* options) {
  const Recent& entry = recent(pattern, options);
  Regex* regex = entry.regex;
  if (regex == nullptr || entry.pattern != pattern || entry.options != options || regex->busy_) return nullptr;
  touch(regex);
  return regex;
}

const Regex* RegexCache::match_recent(const char* pattern, const char* options, std::string_view subject, int& result) {
  Regex* regex = usable_recent(pattern, options);
  if (regex == nullptr) return nullptr;
  result = regex->run(subject, 0);
  regex->rest();
  return regex;
}

// Pushes what usable_recent gives.
Regex* RegexCache::find_recent(lua_State* L, const char* pattern, const char* options) {
  Regex* regex = usable_recent(pattern, options);
  if (regex == nullptr) return nullptr;
  lua_pushlightuserdata(L, regex);
  lua_rawget(L, lua_upvalueindex(2));
  return regex;
}

void RegexCache::forget_recent(const Regex* regex) {
  for (Recent& entry : recent_) {
    if (entry.regex == regex) entry = {};
  }
}

Regex* RegexCache::find(lua_State* L, int pattern, int options) {
  const char* pattern_text = lua_tolstring(L, pattern, nullptr);  // a number becomes a string
  const char* options_text = lua_tolstring(L, options, nullptr);
  const bool texts = pattern_text != nullptr && options_text != nullptr;
  if (texts) {
    if (Regex* regex = find_recent(L, pattern_text, options_text)) return regex;
  }
  if (lua_isnoneornil(L, options)) {
    lua_pushliteral(L, "");
  } else {
    lua_pushvalue(L, options);
  }
  lua_rawget(L, lua_upvalueindex(2));
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, pattern);
    lua_rawget(L, -2);
    auto* regex = static_cast<Regex*>(lua_touserdata(L, -1));
    const bool kept = regex != nullptr && regex->kept_;  // else a finalizer has come into the middle of drop()
    if (kept && !regex->busy_) {
      touch(regex);
      if (texts) recent(pattern_text, options_text) = {pattern_text, options_text, regex};
      return regex;
    }
    if (kept) drop(L, regex);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  luaL_checklstring(L, pattern, nullptr);
  if (!lua_isnoneornil(L, options)) luaL_checklstring(L, options, nullptr);
  return add(L, pattern, options);
}

Regex* RegexCache::add(lua_State* L, int pattern, int options) {
  size_t pattern_size = 0, options_size = 0;
  const char* pattern_text = lua_tolstring(L, pattern, &pattern_size);
  const char* options_text = lua_isnoneornil(L, options) ? "" : lua_tolstring(L, options, &options_size);
  RegexOptions parsed = parse_options(L, {options_text, options_size});
  auto* regex = new (lua_newuserdata(L, sizeof(Regex))) Regex(*this, parsed);
  luaL_getmetatable(L, kRegexMetatable);
  lua_setmetatable(L, -2);
  if (std::string message = regex->compile({pattern_text, pattern_size}); !message.empty()) {
    lua_pop(L, 1);
    push_view(L, message);
    return nullptr;
  }
  keep(L, regex, {pattern_text, pattern_size}, {options_text, options_size});
  return regex;
}

// Enters the Regex on the top of the stack into the tables.
void RegexCache::keep(lua_State* L, Regex* regex, std::string_view pattern, std::string_view options) {
  while (count_ != 0 && count_ >= entries_) drop(L, oldest_);
  if (entries_ == 0) return;
  push_view(L, options);
  lua_rawget(L, lua_upvalueindex(2));
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    push_view(L, options);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, lua_upvalueindex(2));
  }
  push_view(L, pattern);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  lua_pushlightuserdata(L, regex);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(2));
  regex->pattern_ = pattern;
  regex->options_text_ = options;
  link(regex);
}

// Holds the Regex on the stack: each text that is pushed may start the collector, and a finalizer that enters the same pattern anew.
void RegexCache::drop(lua_State* L, Regex* regex) {
  const int top = lua_gettop(L);
  unlink(regex);
  forget_recent(regex);
  lua_pushlightuserdata(L, regex);
  lua_rawget(L, lua_upvalueindex(2));
  lua_pushlightuserdata(L, regex);
  lua_pushnil(L);
  lua_rawset(L, lua_upvalueindex(2));
  push_view(L, regex->options_text_);
  lua_rawget(L, lua_upvalueindex(2));
  push_view(L, regex->pattern_);
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  const bool in_table = lua_touserdata(L, -1) == regex;
  lua_pop(L, 1);
  if (in_table) {
    lua_pushnil(L);
    lua_rawset(L, -3);
  }
  if (!regex->busy_) done(*regex);
  lua_settop(L, top);
}

void RegexCache::done(Regex& regex) {
  regex.rest();
  if (!regex.kept_ && regex.pins_ == 0) regex.release();
}

void RegexCache::touch(Regex* regex) {
  if (regex == newest_) return;
  unlink(regex);
  link(regex);
}

void RegexCache::link(Regex* regex) {
  regex->kept_ = true;
  regex->newer_ = nullptr;
  regex->older_ = newest_;
  (newest_ == nullptr ? oldest_ : newest_->newer_) = regex;
  newest_ = regex;
  ++count_;
}

void RegexCache::unlink(Regex* regex) {
  (regex->newer_ == nullptr ? newest_ : regex->newer_->older_) = regex->older_;
  (regex->older_ == nullptr ? oldest_ : regex->older_->newer_) = regex->newer_;
  regex->kept_ = false;
  --count_;
}

void RegexCache::set_match_limit(uint32_t limit) {
  if (context_ == nullptr) return;
  uint32_t standard = 0;
  pcre2_config(PCRE2_CONFIG_MATCHLIMIT, &standard);
  pcre2_set_match_limit(context_, limit != 0 ? limit : standard);
}

bool RegexCache::set_jit_stack(size_t bytes) {
  if (context_ == nullptr) return false;
  size_t size = bytes < kMinJitStackBytes ? kMinJitStackBytes : bytes;
  pcre2_jit_stack* stack = pcre2_jit_stack_create(kMinJitStackBytes, size, nullptr);
  if (stack == nullptr) return false;
  pcre2_jit_stack_assign(context_, nullptr, stack);
  pcre2_jit_stack_free(jit_stack_);
  jit_stack_ = stack;
  return true;
}

}  // namespace sluice
