// GenerationBuilder: from the tree of a configuration to a Generation. The engine behind ConfigBuilder and BlockScope.
//
// A block's simple directives are applied first, in file order, then its child blocks: those of modules (upstream), then the core's
// (server, location), so that children see finished values wherever the directives stand. Each (block, module) has one struct,
// copied from the nearest block above that has one when the first directive writes to it. When the whole tree is applied, every
// location gets its structs, modules add handlers (finish_location), names are bound, and modules check the whole.
//
// Mistakes do not end the walk: as many as possible are reported at once.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/server/builder.h>
#include <sluice/server/module.h>

#include "conf/directive_table.h"
#include "conf/parser.h"
#include "server/access_log.h"
#include "server/block_state.h"
#include "server/built_generation.h"
#include "server/core_conf.h"
#include "server/listen_table.h"
#include "server/log_formats.h"
#include "server/main_conf.h"
#include "server/module_loader.h"

namespace sluice {

class GenerationBuilder final : public ConfigBuilder {
 public:
  struct Options {
    BuildRole role = BuildRole::test;
    uint64_t generation_id = 0;
    std::string prefix;       // ends in '/'
    std::string conf_prefix;  // ends in '/'
    std::string error_log_override;
    FileSource* files = nullptr;
    ModuleLoader* loader = nullptr;  // null: nothing can be loaded
    std::function<int(const ZoneSpec&)> zone_fd;
    std::function<int(const std::string& path)> log_fd;
    std::function<void(std::string_view)> progress;
  };

  explicit GenerationBuilder(Options options);
  ~GenerationBuilder() override;

  // add_module declares a module; before build for built-in ones.
  Result<void> add_module(LoadedModule loaded);

  // build applies the whole tree. Its error's text has all mistakes, one or more lines each; further lines of a mistake are indented.
  Result<void> build(const ParsedConfig& config);
  // build_main applies the main level alone, without blocks, and skips what it does not know.
  Result<void> build_main(const ParsedConfig& config);

  // What the build made; valid after build.
  std::shared_ptr<BuiltGeneration> take_generation() { return std::move(generation_); }
  MainConf& main() { return main_; }
  ListenTable& listens() { return listens_; }
  std::vector<ListenTable::Listener>& listeners() { return listeners_; }
  const std::vector<ZoneSpec>& zone_specs() const { return zone_specs_; }
  const std::vector<std::string>& log_paths() const { return log_paths_; }
  std::vector<std::string>& warnings() { return warnings_; }
  const DirectiveTable& directives() const { return table_; }
  // owner_name is the module's name for a DirectiveTable::Entry::owner; "core" for the core's rows.
  std::string owner_name(uint32_t owner) const;

  // --- for rows of the core and for BlockScope
  static GenerationBuilder& of(ConfigBuilder& builder) { return static_cast<GenerationBuilder&>(builder); }
  // apply_block applies the children of `node` in a new block. Mistakes inside are recorded; then the returned error has no text.
  Result<void> apply_block(const ConfigNode& node, Context context, BlockScope::State* parent, void* owner, Location* location);
  void* conf_of(BlockScope::State& block, uint32_t slot);
  const std::string& error_log_override() const { return options_.error_log_override; }
  LogFormats& log_formats() { return log_formats_; }
  // add_draft keeps a block's owner until the build ends.
  PlaceDraft& add_draft(const PlaceDraft& draft) { return drafts_.emplace_back(draft); }
  // Whose row or finish_location runs; null: the core's.
  const Module* current_module() const { return current_module_; }
  // Where the directive that is applied stands.
  uint32_t current_position() const { return current_position_; }
  // Directives are applied no more: places get their handlers.
  bool finishing() const { return finishing_; }
  BuiltGeneration& built() { return *generation_; }
  // open_log gives a descriptor for `path` (or "stderr"); -1 in a build that writes no logs.
  Result<int> open_log(const ConfigPlace& place, std::string_view path);

  // --- ConfigBuilder
  BuildRole role() const override { return options_.role; }
  FileSource& files() override { return *options_.files; }
  const std::string& prefix() const override { return options_.prefix; }
  const std::string& conf_prefix() const override { return options_.conf_prefix; }
  Result<ComplexValue> compile(const ConfigPlace& place, std::string_view text) override;
  Result<const Variable*> variable(const ConfigPlace& place, std::string_view name) override;
  Result<const Variable*> define_variable(const ConfigPlace& place, std::string_view name) override;
  Result<void> define_computed(const ConfigPlace& place, std::string_view dollar_name, const ComputedValue& value) override;
  Result<std::shared_ptr<Zone>> zone(const ConfigPlace& place, const ZoneSpec& spec) override;
  Result<int> log_file(const ConfigPlace& place, std::string_view path) override { return open_log(place, path); }
  void progress(std::string_view what) override {
    if (options_.progress) options_.progress(what);
  }
  void warn(const ConfigPlace& place, std::string_view text) override;
  Module* module(std::string_view name) override { return generation_->module(name); }
  const void* provider(std::string_view kind, std::string_view name) override;
  Generation& generation() override { return *generation_; }

 private:
  struct Owner {
    Module* module = nullptr;
    bool main = false;             // writes to MainConf
    int location_slot = -1;
    int upstream_slot = -1;
  };
  struct OrderedModule {
    LoadedModule loaded;
    int location_slot;
  };
  class Declarations;
  struct Pending {
    const ConfigNode* node;
    const DirectiveTable::Entry* entry;
  };

  void declare_core();
  Result<void> adopt(Result<std::vector<LoadedModule>> loaded, const ConfigPlace* place);
  void load_modules(const ConfigNode& root);
  const DirectiveTable::Entry* lookup(const ConfigNode& node, Context context);
  Error unknown_directive(const ConfigNode& node, Context context, Error error);
  void apply(const ConfigNode& node, const DirectiveTable::Entry& entry, BlockScope::State& block);
  void* conf_for(const Owner& owner, BlockScope::State& block);
  void report(Error error, const ConfigPlace* place);
  std::string excerpt_of(const Error& error, const ConfigPlace& place) const;
  void load_for_variables();
  void finish();
  void finish_places();
  void finish_listens();
  void sort_modules();
  void finish_place(BlockScope::State& block, std::span<const OrderedModule> modules);
  std::vector<OrderedModule> modules_in_order() const;
  void check_modules();
  void check_module(const LoadedModule& loaded);
  Result<void> outcome() const;
  bool failed() const { return !errors_.empty(); }

  static constexpr size_t kMaxErrors = 20;

  Options options_;
  const ParsedConfig* config_ = nullptr;
  std::shared_ptr<BuiltGeneration> generation_;
  MainConf main_;
  DirectiveTable table_;
  std::vector<Owner> owners_;
  std::vector<ConfType> location_types_;
  std::vector<ConfType> upstream_types_;
  std::map<std::pair<std::string, std::string>, const void*> providers_;
  std::set<std::string, std::less<>> asked_;  // directives that the loader was asked for
  std::deque<std::unique_ptr<BlockScope::State>> blocks_;
  std::deque<PlaceDraft> drafts_;
  ListenTable listens_;
  std::vector<ListenTable::Listener> listeners_;
  LogFormats log_formats_;
  std::vector<ZoneSpec> zone_specs_;
  std::map<std::string, std::shared_ptr<Zone>> zones_;
  std::map<std::string, int> logs_;
  std::vector<std::string> log_paths_;
  std::vector<std::string> warnings_;
  std::vector<std::string> errors_;
  const Module* current_module_ = nullptr;
  uint32_t current_position_ = 0;
  bool finishing_ = false;
};

}  // namespace sluice
