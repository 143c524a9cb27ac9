// ConfigBuilder and BlockScope: what a directive or a module can do with the configuration while it is being built.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/conf/directive.h>
#include <sluice/conf/file_source.h>
#include <sluice/conf/tree.h>
#include <sluice/server/computed_value.h>
#include <sluice/server/location.h>
#include <sluice/server/phase.h>
#include <sluice/server/variable.h>
#include <sluice/shm/zone.h>

namespace sluice {

class Generation;
class Module;

// Why this process builds. Every process of sluice (loader, control, each worker) builds the same configuration for itself.
enum class BuildRole : uint8_t {
  test,    // `sluice -t`
  loader,  // the trial build of a start or reload; zones are private copies, nothing it writes is seen by others
  owner,   // the one process per (re)load whose init code may write to zones and logs
  replay,  // all others: init code runs for its own Lua VM, its writes to zones and logs are dropped
};

class ConfigBuilder;

// BlockScope is one block while its directives are applied.
class SLUICE_API BlockScope {
 public:
  Context context() const { return context_; }
  ConfigBuilder& builder() const { return builder_; }
  // The place being described: a location, or the server's own (match == server). Null outside of server and location.
  Location* location() const { return location_; }
  // The object that a block's own row attached for its children (an upstream under construction).
  template <class T>
  T& owner() const { return *static_cast<T*>(owner_); }

  // add_script adds a handler of the rewrite phases that runs in file order and is not inherited: set, return, set_by_lua. Inside an
  // `if` it runs when the condition holds. REQUIRES: location() != null.
  void add_script(std::unique_ptr<PhaseHandler> handler, ScriptEffect effect = ScriptEffect::plain);
  // add_branch is what an `if` does with its block: when the condition holds, the block's scripts run in their turn, and in a location
  // everything else is from then on what the block says; the last true `if` of a location wins. REQUIRES: a server or location.
  Result<void> add_branch(const ConfigNode& node, std::unique_ptr<const Condition> condition);
  // set_content makes this location's content handler; not inherited by nested locations; the last one wins, as in nginx,
  // with a warning.
  void set_content(std::unique_ptr<PhaseHandler> handler);
  // claim_content says, while directives are applied, that this module will set_content in finish_location: the directive `name` (static)
  // counts as the last one so far. Blocks of `if` and `limit_except` without a content of their own have that of their location.
  void claim_content(std::string_view name);

  // The following are for Module::finish_location, when the module's values for this place are final.
  void add_handler(Phase phase, HandlerOrder order, std::shared_ptr<const PhaseHandler> handler);
  void add_header_filter(FilterOrder order, std::shared_ptr<const HeaderFilter> filter);
  void add_body_filter(FilterOrder order, std::shared_ptr<const BodyFilter> filter);

  // apply_children applies the directives inside `node` in the given context; rows find `owner` through owner<T>().
  Result<void> apply_children(const ConfigNode& node, Context child_context, void* owner);
  // conf_of gives the struct of this block for the module with that slot (for rows of block directives).
  void* conf_of(uint32_t slot);

  struct State;  // the builder's own bookkeeping for this block; modules do not look inside

 private:
  BlockScope(ConfigBuilder& builder, Context context) : builder_(builder), context_(context) {}
  ConfigBuilder& builder_;
  Context context_;
  Location* location_ = nullptr;
  void* owner_ = nullptr;
  State* state_ = nullptr;
};

class SLUICE_API ConfigBuilder {
 public:
  virtual ~ConfigBuilder() = default;

  virtual BuildRole role() const = 0;
  virtual FileSource& files() = 0;
  virtual const std::string& prefix() const = 0;       // -p, ends in '/'
  virtual const std::string& conf_prefix() const = 0;  // directory of the main file, ends in '/'
  // full_path makes a path absolute, counting from the prefix.
  std::string full_path(std::string_view path) const;

  // temp_directory makes the directory for temporary files, unless it is there or this is a test; gives its full path.
  Result<std::string> temp_directory(const ConfigPlace& place, std::string_view path);

  // compile turns text with variables into a value. Errors: nginx's (`unknown "x" variable`, `invalid variable name`).
  virtual Result<ComplexValue> compile(const ConfigPlace& place, std::string_view text) = 0;
  // variable resolves a name without '$'; unknown names are an error.
  virtual Result<const Variable*> variable(const ConfigPlace& place, std::string_view name) = 0;
  // define_variable makes (or finds) the variable that `set $name` writes. Built-in ones must be settable.
  virtual Result<const Variable*> define_variable(const ConfigPlace& place, std::string_view name) = 0;
  // define_computed makes the variable that `value`, which lives as long as the generation, computes from now on. `dollar_name` is the
  // name as a directive has it: "$name". `set` and Lua may write to it: that stays for the request. Errors: `invalid variable name "x"`,
  // `the duplicate "x" variable` for built-in names, and names of built-in families.
  virtual Result<void> define_computed(const ConfigPlace& place, std::string_view dollar_name, const ComputedValue& value) = 0;

  // zone asks for shared memory; the same name twice gives the same zone if layout and size agree, else an error.
  virtual Result<std::shared_ptr<Zone>> zone(const ConfigPlace& place, const ZoneSpec& spec) = 0;
  // log_file asks for an append-only file opened by the master (as its user); reopened on USR1 under the same descriptor.
  virtual Result<int> log_file(const ConfigPlace& place, std::string_view path) = 0;

  // progress says what runs now, for the one who waits for a build that does not end ("running init_by_lua(proxy.conf:3)").
  virtual void progress(std::string_view what) = 0;
  // warn prints a [warn] line and goes on.
  virtual void warn(const ConfigPlace& place, std::string_view text) = 0;

  // module finds a loaded module's object by its name; null when it is not loaded.
  virtual Module* module(std::string_view name) = 0;
  // Providers: named factories that modules offer to the core or to each other, e.g. kind "balancer", name "round_robin".
  // Loads the module that provides it when the index knows one. Null when nobody does.
  virtual const void* provider(std::string_view kind, std::string_view name) = 0;

  // The generation being built; its variables and servers are complete only after the build.
  virtual Generation& generation() = 0;
};

}  // namespace sluice
