// Directive: one row per directive: name, contexts, arguments, default, help and what it does. Parser errors, inheritance, the
// generated reference page, the module index and `-T` all come from the row.
//
// Values live in plain structs ("conf"): a module names one struct per kind of block it cares about (ConfType). A block starts
// as a copy of its parent's finished struct and its own rows override it, so there are no merge functions. All simple directives
// of a block are applied before its child blocks, so their order in the file does not matter to children.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/clock.h>
#include <sluice/base/error.h>
#include <sluice/base/strings.h>
#include <sluice/conf/tree.h>
#include <sluice/conf/units.h>

namespace sluice {

// Where a directive may stand. Values are bits.
enum Context : uint32_t {
  kMain = 1,
  kEvents = 2,
  kHttp = 4,
  kServer = 8,
  kLocation = 16,
  kUpstream = 32,
  kServerIf = 64,      // `if` in a server: scripts alone
  kLocationIf = 128,   // `if` in a location
  kLimitExcept = 256,  // `limit_except`
};

enum class BlockShape : uint8_t { none, block, raw };  // raw: Lua text, not parsed as directives

enum class Repeat : uint8_t {
  once,  // a second one in the same block: `"x" directive is duplicate`
  list,  // adds up; the first one in a block drops what was inherited
  any,   // the row's function decides
};

class BlockScope;  // the block being built (sluice/server/builder.h); conf does not look inside

struct Directive;

// DirectiveUse is one directive as it stands in the file, with the struct it writes to.
struct DirectiveUse {
  const ConfigNode& node;
  const Directive& row;
  void* conf;            // the module's struct for this block
  void* module;          // the module object; null for the core's own rows
  BlockScope& block;
  bool first_in_block;   // no earlier directive of this name in the same block

  std::string_view arg(size_t i) const { return node.args[i]; }
  size_t count() const { return node.args.size(); }
  template <class T>
  T& conf_as() const { return *static_cast<T*>(conf); }
  template <class T>
  T& module_as() const { return *static_cast<T*>(module); }
  // error makes a configuration error at this place: `text in F:L`.
  Error error(std::string_view text) const { return config_error(node.place, text); }
  // directive_error: `"name" directive text in F:L`.
  Error directive_error(std::string_view text) const { return config_error(node.place, concat('"', node.name, "\" directive ", text)); }
  Error invalid_value(std::string_view value) const { return config_error(node.place, concat("invalid value \"", value, '"')); }
};

struct Directive {
  std::string_view name;
  uint32_t contexts = 0;
  int min_args = 0;
  int max_args = 0;  // -1: any number
  BlockShape shape = BlockShape::none;
  Repeat repeat = Repeat::once;
  Result<void> (*apply)(DirectiveUse& use) = nullptr;
  // Drops the inherited list; called before apply for the first directive of a block when repeat == list.
  void (*drop_inherited)(void* conf) = nullptr;
  std::string_view default_text;  // as an operator would write it; empty: none
  std::string_view help;          // one or two sentences for the reference page
};

// ConfType: how the builder makes, copies and ends a module's struct for a block.
struct ConfType {
  size_t bytes = 0;
  void* (*create)() = nullptr;
  void* (*copy)(const void* parent) = nullptr;
  void (*destroy)(void* conf) = nullptr;
  // A struct with a member `void enter_block()` drops in it what a nested location does not inherit. The blocks of `if` and
  // `limit_except` are the same location under a condition and inherit everything; a struct that must know that it is another block's
  // now (a list that is replaced by the first line of a block) has a member `void enter_branch()` for them.
  void (*enter_block)(void* conf) = nullptr;
  void (*enter_branch)(void* conf) = nullptr;
};

template <class T>
constexpr ConfType conf_type() {
  ConfType type;
  type.bytes = sizeof(T);
  type.create = []() -> void* { return new T(); };
  type.copy = [](const void* parent) -> void* { return new T(*static_cast<const T*>(parent)); };
  type.destroy = [](void* conf) { delete static_cast<T*>(conf); };
  if constexpr (requires(T& t) { t.enter_block(); }) {
    type.enter_block = [](void* conf) { static_cast<T*>(conf)->enter_block(); };
  }
  if constexpr (requires(T& t) { t.enter_branch(); }) {
    type.enter_branch = [](void* conf) { static_cast<T*>(conf)->enter_branch(); };
  }
  return type;
}

// Typed rows: the value goes to the member given as template argument.
namespace rows {

template <auto Member>
struct MemberOf;
template <class T, class V, V T::*Member>
struct MemberOf<Member> {
  using Conf = T;
  using Value = V;
};

SLUICE_API Result<bool> flag_value(const DirectiveUse& use);            // on | off
SLUICE_API Result<Milliseconds> time_value(const DirectiveUse& use);   // 60s, 500ms, 1h 30m
SLUICE_API Result<uint64_t> size_value(const DirectiveUse& use);       // 8k, 1m, 1g
SLUICE_API Result<uint64_t> number_value(const DirectiveUse& use);

template <auto Member, auto Parse>
Result<void> store(DirectiveUse& use) {
  using M = MemberOf<Member>;
  auto value = Parse(use);
  if (!value) return std::move(value.error());
  use.conf_as<typename M::Conf>().*Member = static_cast<typename M::Value>(*value);
  return {};
}

template <auto Member>
constexpr Directive flag(std::string_view name, uint32_t contexts, std::string_view default_text, std::string_view help) {
  return {name, contexts, 1, 1, BlockShape::none, Repeat::once, &store<Member, &flag_value>, nullptr, default_text, help};
}
template <auto Member>
constexpr Directive time(std::string_view name, uint32_t contexts, std::string_view default_text, std::string_view help) {
  return {name, contexts, 1, 1, BlockShape::none, Repeat::once, &store<Member, &time_value>, nullptr, default_text, help};
}
template <auto Member>
constexpr Directive size(std::string_view name, uint32_t contexts, std::string_view default_text, std::string_view help) {
  return {name, contexts, 1, 1, BlockShape::none, Repeat::once, &store<Member, &size_value>, nullptr, default_text, help};
}
template <auto Member>
constexpr Directive number(std::string_view name, uint32_t contexts, std::string_view default_text, std::string_view help) {
  return {name, contexts, 1, 1, BlockShape::none, Repeat::once, &store<Member, &number_value>, nullptr, default_text, help};
}

}  // namespace rows

}  // namespace sluice
