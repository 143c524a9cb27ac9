// RegexCache: the compiled patterns of one Lua VM.
//
// Every pattern is kept, with or without the option `o` (OpenResty compiles again on each call without it), least recently used first out.
// A look-up is two raw gets with interned strings, options then pattern, in tables that hold the compiled Regex as userdata; it allocates
// nothing. The outer table has each kept Regex by its address too, which holds it. A Regex that was dropped while it is still at work (a gmatch iterator, a gsub callback) is left to Lua's collector, others are
// freed at once, because Lua does not see how large they are.
//
// Lua's collector may run a finalizer whenever something is pushed, and that may match too. A Regex whose last match is being read is
// busy: it is neither freed nor given to anybody else. One that an error left busy or pinned is replaced or collected in time.
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lua_headers.h"

namespace sluice {

struct RegexOptions {
  uint32_t compile = 0;  // PCRE2's
  bool jit = false;
  bool dfa = false;
  bool duplicate_names = false;
  bool unchecked_utf = false;
};

class RegexCache;

// Regex: a compiled pattern and the offsets of its last match. Lives in a userdata, whose collector calls release(); one match at a time.
class Regex {
 public:
  Regex(RegexCache& cache, RegexOptions options) : cache_(cache), options_(options) {}
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  static constexpr int kNoMatch = PCRE2_ERROR_NOMATCH;

  // run matches from byte `from` on. Gives how many groups are set (the highest one that matched, plus 1), kNoMatch, or another
  // negative error of PCRE2. The Regex is busy from here to rest() or RegexCache::done.
  int run(std::string_view subject, size_t from);

  // Offsets of the last match: begin and end of group n at [2n] and [2n + 1]; kUnset for groups that took no part.
  static constexpr size_t kUnset = PCRE2_UNSET;
  const size_t* offsets() const { return offsets_; }

  uint32_t groups() const { return groups_; }  // without group 0
  uint32_t names() const { return names_; }
  // Name i (from 0) and the number of its group.
  std::string_view name(uint32_t i, uint32_t& group) const;
  bool duplicate_names() const { return options_.duplicate_names; }

  // next_character gives the offset of the character after the one at `at`: several bytes on in UTF-8.
  size_t next_character(std::string_view subject, size_t at) const;

  bool busy() const { return busy_; }
  void rest() { busy_ = false; }  // the offsets have been read

  // A Regex with pins is at work and is not freed when it is dropped from the cache.
  void pin() { ++pins_; }
  void unpin() { --pins_; }

 private:
  friend class RegexCache;

  // compile gives an empty text, or OpenResty's message.
  std::string compile(std::string_view pattern);
  void release();

  RegexCache& cache_;
  RegexOptions options_;
  pcre2_code* code_ = nullptr;
  pcre2_match_data* data_ = nullptr;
  const size_t* offsets_ = nullptr;
  const char* name_table_ = nullptr;
  uint32_t name_bytes_ = 0;
  uint32_t groups_ = 0;
  uint32_t names_ = 0;
  bool utf_ = false;
  bool fast_ = false;  // machine code without the checks of pcre2_match
  unsigned pins_ = 0;
  bool kept_ = false;
  bool busy_ = false;
  Regex* newer_ = nullptr;
  Regex* older_ = nullptr;
  std::string pattern_;       // keys in the tables, to leave them
  std::string options_text_;
};

class RegexCache {
 public:
  // Pushes the cache and the table of its patterns by options, which C functions that call find() take as their first two upvalues.
  static void push_new(lua_State* L);
  // of gives the cache of the state; REQUIRES: push_new was called in it.
  static RegexCache& of(lua_State* L);
  // in_function gives the cache in a C function that has it as upvalue.
  static RegexCache& in_function(lua_State* L) { return *static_cast<RegexCache*>(lua_touserdata(L, lua_upvalueindex(1))); }

  // find leaves the compiled pattern on the top of the stack and returns it, or leaves the message there and returns null. Both
  // arguments are indices (> 0) of strings or numbers; no options when nil. Raises on an unknown option.
  Regex* find(lua_State* L, int pattern, int options);

  // match_recent runs the Regex that these very strings have given before, from the beginning of the subject; null: find() is needed.
  // `result` is what Regex::run gives. No Lua runs, nothing is pushed; the Regex's offsets are valid until Lua runs again.
  const Regex* match_recent(const char* pattern, const char* options, std::string_view subject, int& result);

  // done is called when the Regex that find() gave is not needed any more: frees it unless it is kept or pinned. Nothing that may run
  // other code stands between find() and the Regex's run().
  void done(Regex& regex);

  void set_entries(size_t entries) { entries_ = entries; }
  void set_match_limit(uint32_t limit);
  // set_jit_stack gives machine code a stack of its own of up to `bytes`, in place of 32 KB of the C stack. False: no memory.
  bool set_jit_stack(size_t bytes);
  bool empty() const { return count_ == 0; }

 private:
  friend class Regex;

  RegexCache();
  static int collect(lua_State* L);
  static int collect_regex(lua_State* L);

  Regex* add(lua_State* L, int pattern, int options);
  void keep(lua_State* L, Regex* regex, std::string_view pattern, std::string_view options);
  void drop(lua_State* L, Regex* regex);
  void touch(Regex* regex);
  void link(Regex* regex);
  void unlink(Regex* regex);

  // The Regex that a pattern and options of these addresses gave. Strings are interned, and the tables keep both while the Regex is kept.
  struct Recent {
    const char* pattern = nullptr;
    const char* options = nullptr;
    Regex* regex = nullptr;
  };
  static constexpr size_t kRecent = 64;

  Recent& recent(const char* pattern, const char* options) {
    return recent_[(reinterpret_cast<uintptr_t>(pattern) >> 4 ^ reinterpret_cast<uintptr_t>(options) >> 5) % kRecent];
  }
  Regex* usable_recent(const char* pattern, const char* options);
  Regex* find_recent(lua_State* L, const char* pattern, const char* options);
  void forget_recent(const Regex* regex);

  std::array<Recent, kRecent> recent_;
  size_t entries_ = 1024;
  size_t count_ = 0;
  Regex* newest_ = nullptr;
  Regex* oldest_ = nullptr;
  pcre2_match_context* context_;
  pcre2_jit_stack* jit_stack_ = nullptr;
};

}  // namespace sluice
