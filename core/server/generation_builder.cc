#include "server/generation_builder.h"

#include <algorithm>

#include <sluice/base/strings.h>

#include "conf/excerpt.h"
#include "conf/nginx_names.h"
#include "server/build_steps.h"

namespace sluice {

namespace {

// A mistake that was reported where it happened; the way up only needs to know that there was one.
Error reported() {
  return Error(ErrorKind::cancelled, "", ErrorSource::config);
}

constexpr uint32_t kHttpLevels = kHttp | kServer | kLocation | kServerIf | kLocationIf | kLimitExcept;
// Blocks that are, or may become, the location of a request.
constexpr uint32_t kPlaces = kServer | kLocation | kLocationIf | kLimitExcept;

}  // namespace

// What a module says about itself.
class GenerationBuilder::Declarations final : public ModuleDeclarations {
 public:
  Declarations(GenerationBuilder& builder, std::string_view module, uint32_t owner)
      : builder_(builder), module_(module), owner_(owner) {}

  void directives(std::span<const Directive> rows) override {
    if (const Directive* taken = builder_.table_.add(rows, owner_)) fail(concat("its directive \"", taken->name, "\" exists already"));
  }
  void variables(std::span<const VariableRow> rows) override {
    auto added = builder_.generation_->variables.add_rows(rows);
    if (!added) fail(added.error().text);
  }
  uint32_t exchange_slot(const SlotTravel* travel) override { return builder_.generation_->add_exchange_slot(travel); }
  void provide(std::string_view kind, std::string_view name, const void* factory) override {
    bool added = builder_.providers_.try_emplace({std::string(kind), std::string(name)}, factory).second;
    if (!added) fail(concat("its ", kind, " \"", name, "\" exists already"));
  }
  Result<void> outcome() const { return error_.empty() ? Result<void>() : Error(ErrorKind::config, error_, ErrorSource::config); }

 protected:
  uint32_t location_conf(ConfType type) override {
    auto slot = static_cast<uint32_t>(builder_.location_types_.size());
    builder_.location_types_.push_back(type);
    builder_.owners_[owner_].location_slot = static_cast<int>(slot);
    return slot;
  }
  uint32_t upstream_conf(ConfType type) override {
    auto slot = static_cast<uint32_t>(builder_.upstream_types_.size());
    builder_.upstream_types_.push_back(type);
    builder_.owners_[owner_].upstream_slot = static_cast<int>(slot);
    return slot;
  }

 private:
  void fail(std::string_view text) {
    if (error_.empty()) error_ = concat("module \"", module_, "\" cannot be used: ", text);
  }
  GenerationBuilder& builder_;
  std::string_view module_;
  uint32_t owner_;
  std::string error_;
};

GenerationBuilder::GenerationBuilder(Options options)
    : options_(std::move(options)), generation_(BuiltGeneration::make(options_.generation_id)) {
  declare_core();
}

GenerationBuilder::~GenerationBuilder() = default;

void GenerationBuilder::declare_core() {
  location_types_ = {conf_type<CoreConf>(), conf_type<ServerConf>()};
  auto own = [&](std::span<const Directive> rows, Owner owner) {
    owners_.push_back(owner);
    CHECK(table_.add(rows, static_cast<uint32_t>(owners_.size() - 1)) == nullptr);
  };
  own(main_directives(), {.main = true});
  own(block_directives(), {});
  own(server_directives(), {.location_slot = kServerConfSlot});
  own(core_directives(), {.location_slot = kCoreConfSlot});
  own(log_directives(), {.location_slot = kCoreConfSlot});
  own(resolver_directives(), {.location_slot = kCoreConfSlot});
  own(tuning_directives(), {});
  for (auto rows : {request_variables(), connection_variables(), response_variables()}) {
    CHECK(generation_->variables.add_rows(rows).ok());
  }
}

Result<void> GenerationBuilder::add_module(LoadedModule loaded) {
  owners_.push_back({.module = loaded.module.get()});
  generation_->modules.push_back(std::move(loaded));
  const LoadedModule& added = generation_->modules.back();
  progress(concat("declaring module ", added.name));
  Declarations declarations(*this, added.name, static_cast<uint32_t>(owners_.size() - 1));
  added.module->declare(declarations);
  return declarations.outcome();
}

Result<void> GenerationBuilder::adopt(Result<std::vector<LoadedModule>> loaded, const ConfigPlace* place) {
  if (!loaded) {
    if (place == nullptr) return std::move(loaded.error());
    return config_error(*place, loaded.error().text);
  }
  for (LoadedModule& module : *loaded) TRY(add_module(std::move(module)));
  return {};
}

// --- walking the tree

Result<void> GenerationBuilder::build(const ParsedConfig& config) {
  config_ = &config;
  load_modules(*config.root);
  (void)apply_block(*config.root, kMain, nullptr, nullptr, nullptr);
  if (!failed()) finish();
  config_ = nullptr;
  return outcome();
}

Result<void> GenerationBuilder::build_main(const ParsedConfig& config) {
  config_ = &config;
  {
    BlockScope::State block(*this, kMain, nullptr, nullptr, nullptr);
    for (const auto& child : config.root->children) {
      auto entry = table_.match(*child, kMain);
      if (entry && (*entry)->row->shape == BlockShape::none) apply(*child, **entry, block);
    }
  }
  finish_main(*this);
  config_ = nullptr;
  return outcome();
}

void GenerationBuilder::load_modules(const ConfigNode& root) {
  for (const auto& child : root.children) {
    if (child->name != "load_module" || child->args.size() != 1 || options_.loader == nullptr) continue;
    size_t before = generation_->modules.size();
    auto adopted = adopt(options_.loader->load_files(child->args[0]), &child->place);
    if (!adopted) report(std::move(adopted.error()), &child->place);
    if (adopted && generation_->modules.size() == before) warn(child->place, concat("load_module \"", child->args[0], "\" brings no module"));
  }
}

Result<void> GenerationBuilder::apply_block(const ConfigNode& node, Context context, BlockScope::State* parent, void* owner,
                                            Location* location) {
  size_t errors_before = errors_.size();
  auto& block = *blocks_.emplace_back(std::make_unique<BlockScope::State>(*this, context, parent, owner, location));
  std::vector<Pending> blocks;
  for (const auto& child : node.children) {
    const auto* entry = lookup(*child, context);
    if (entry == nullptr) continue;
    if (entry->row->shape == BlockShape::block) {
      blocks.push_back({child.get(), entry});
    } else {
      apply(*child, *entry, block);
    }
  }
  if (context == kHttp) default_access_log(*this, block);
  std::stable_partition(blocks.begin(), blocks.end(),
                        [&](const Pending& pending) { return owners_[pending.entry->owner].module != nullptr; });
  for (const Pending& pending : blocks) apply(*pending.node, *pending.entry, block);
  return errors_.size() == errors_before ? Result<void>() : reported();
}

const DirectiveTable::Entry* GenerationBuilder::lookup(const ConfigNode& node, Context context) {
  if (options_.loader != nullptr && asked_.insert(node.name).second) {
    auto adopted = adopt(options_.loader->load_for_directive(node.name), &node.place);
    if (!adopted) {
      report(std::move(adopted.error()), &node.place);
      return nullptr;
    }
  }
  auto entry = table_.match(node, context);
  if (entry) return *entry;
  Error error = std::move(entry.error());
  report(table_.knows(node.name) ? std::move(error) : unknown_directive(node, context, std::move(error)), &node.place);
  return nullptr;
}

Error GenerationBuilder::unknown_directive(const ConfigNode& node, Context context, Error error) {
  auto names = table_.names(context);
  if (options_.loader != nullptr) {
    for (auto name : options_.loader->directive_names()) names.push_back(name);
  }
  error.text += excerpt_of(error, node.place);
  if (auto reason = why_missing(node.name)) {
    error.text += concat("\n    directive \"", node.name, "\" of nginx is not supported by this version of sluice: ", *reason);
    return error;
  }
  if (auto name = nearest(node.name, names); !name.empty()) error.text += concat("\n    did you mean \"", name, "\"?");
  return error;
}

void GenerationBuilder::apply(const ConfigNode& node, const DirectiveTable::Entry& entry, BlockScope::State& block) {
  const Directive& row = *entry.row;
  bool first = block.seen.insert(row.name).second;
  if (!first && row.repeat == Repeat::once) {
    report(config_error(node.place, concat('"', node.name, "\" directive is duplicate")), &node.place);
    return;
  }
  const Owner& owner = owners_[entry.owner];
  void* conf = conf_for(owner, block);
  if (first && row.repeat == Repeat::list && row.drop_inherited != nullptr) row.drop_inherited(conf);
  DirectiveUse use{node, row, conf, owner.module, block.scope, first};
  if (row.apply == nullptr) return;
  current_module_ = owner.module;
  current_position_ = node.position;
  auto applied = row.apply(use);
  if (!applied) report(std::move(applied.error()), &node.place);
}

void* GenerationBuilder::conf_for(const Owner& owner, BlockScope::State& block) {
  Context context = block.scope.context();
  if (owner.main) return &main_;
  if ((context & kHttpLevels) != 0 && owner.location_slot >= 0) return conf_of(block, static_cast<uint32_t>(owner.location_slot));
  if (context != kUpstream || owner.upstream_slot < 0) return nullptr;
  auto slot = static_cast<uint32_t>(owner.upstream_slot);
  bool fresh = slot >= block.confs.size() || block.confs[slot] == nullptr;
  void* conf = block.own_conf(slot, upstream_types_[slot]);
  if (fresh) generation_->confs.push_back(block.confs[slot]);
  return conf;
}

void* GenerationBuilder::conf_of(BlockScope::State& block, uint32_t slot) {
  if (block.scope.context() != kUpstream) return block.own_conf(slot, location_types_[slot]);
  for (const Owner& owner : owners_) {
    if (owner.upstream_slot == static_cast<int>(slot)) return conf_for(owner, block);
  }
  return nullptr;
}

// --- mistakes

void GenerationBuilder::report(Error error, const ConfigPlace* place) {
  if (error.text.empty()) return;
  if (place != nullptr && error.text.find('\n') == std::string::npos) error.text += excerpt_of(error, *place);
  if (errors_.size() < kMaxErrors) errors_.push_back(std::move(error.text));
}

// The source lines of a mistake, each behind a line feed and indented; empty unless the message is about just that place.
std::string GenerationBuilder::excerpt_of(const Error& error, const ConfigPlace& place) const {
  if (config_ == nullptr || !error.text.ends_with(place_suffix(place))) return {};
  for (const ConfigFile& file : config_->files) {
    if (&file.path != place.file) continue;
    std::string excerpt = source_excerpt(place, file.text);
    while (excerpt.ends_with('\n')) excerpt.pop_back();
    return excerpt.empty() ? excerpt : concat('\n', excerpt);
  }
  return {};
}

Result<void> GenerationBuilder::outcome() const {
  if (errors_.empty()) return {};
  std::string text = errors_.front();
  for (size_t i = 1; i < errors_.size(); ++i) text += concat('\n', errors_[i]);
  return Error(ErrorKind::config, std::move(text), ErrorSource::config);
}

void GenerationBuilder::warn(const ConfigPlace& place, std::string_view text) {
  warnings_.push_back(concat(text, place_suffix(place)));
}

// --- the end

// load_for_variables: a variable may be of a module of which nothing else is used, as $gzip_ratio in the format of a log.
void GenerationBuilder::load_for_variables() {
  for (const std::string& name : generation_->variables.undefined_names()) provider("variable", name);
}

void GenerationBuilder::finish() {
  load_for_variables();
  finish_places();
  for (Error& error : generation_->variables.undefined()) report(std::move(error), nullptr);
  for (Error& error : log_formats_.undefined()) report(std::move(error), nullptr);
  finish_listens();
  finish_main(*this);
  if (!failed()) check_modules();
  sort_modules();
  generation_->set_set_variables(generation_->variables.set_variables());
}

// Built-in modules as the program lists them, then the others by name: never the order in which directives loaded them.
std::vector<GenerationBuilder::OrderedModule> GenerationBuilder::modules_in_order() const {
  std::vector<OrderedModule> order;
  for (const Owner& owner : owners_) {
    if (owner.module == nullptr) continue;
    for (const LoadedModule& loaded : generation_->modules) {
      if (loaded.module.get() == owner.module) order.push_back({loaded, owner.location_slot});
    }
  }
  std::stable_sort(order.begin(), order.end(), [](const OrderedModule& a, const OrderedModule& b) {
    if (a.loaded.builtin != b.loaded.builtin) return a.loaded.builtin;
    return !a.loaded.builtin && a.loaded.name < b.loaded.name;
  });
  return order;
}

void GenerationBuilder::finish_places() {
  auto modules = modules_in_order();
  finishing_ = true;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    BlockScope::State& block = *blocks_[i];
    bool is_place = block.scope.location() != nullptr && (block.scope.context() & kPlaces) != 0;
    if (is_place) finish_place(block, modules);
  }
  for (auto& server : generation_->servers) server->locations->impl->top.seal();
}

void GenerationBuilder::finish_place(BlockScope::State& block, std::span<const OrderedModule> modules) {
  Location& place = *block.scope.location();
  block.fill(location_types_);
  place.core = *static_cast<const CoreConf*>(place.module_conf(kCoreConfSlot));
  block.inherit_content();
  if (block.scope.context() == kServer) {
    finish_server(*block.scope.owner<PlaceDraft>().server, *static_cast<const ServerConf*>(place.module_conf(kServerConfSlot)));
  }
  for (const OrderedModule& module : modules) {
    const void* conf = module.location_slot < 0 ? nullptr : place.module_conf(static_cast<uint32_t>(module.location_slot));
    current_module_ = module.loaded.module.get();
    auto finished = module.loaded.module->finish_location(block.scope, conf);
    if (!finished) report(std::move(finished.error()), nullptr);
  }
  block.assemble();
}

void GenerationBuilder::finish_listens() {
  auto listeners = listens_.finish([this](const ConfigPlace& place, std::string_view text) { warn(place, text); });
  if (listeners) {
    listeners_ = std::move(*listeners);
  } else {
    report(std::move(listeners.error()), nullptr);
  }
}

// start and retire go through the modules in the same order as the build.
void GenerationBuilder::sort_modules() {
  std::vector<LoadedModule> sorted;
  for (const OrderedModule& module : modules_in_order()) sorted.push_back(module.loaded);
  generation_->modules = std::move(sorted);
}

std::string GenerationBuilder::owner_name(uint32_t owner) const {
  for (const LoadedModule& loaded : generation_->modules) {
    if (loaded.module.get() == owners_[owner].module) return loaded.name;
  }
  return "core";
}

// A check may load further modules (a balancer by its name), which are checked as well.
void GenerationBuilder::check_modules() {
  std::set<const Module*> checked;
  for (bool more = true; more;) {
    more = false;
    for (const OrderedModule& module : modules_in_order()) {
      if (!checked.insert(module.loaded.module.get()).second) continue;
      check_module(module.loaded);
      more = true;
    }
  }
}

void GenerationBuilder::check_module(const LoadedModule& loaded) {
  progress(concat("checking module ", loaded.name));
  auto checked = loaded.module->check(*this);
  if (!checked) report(std::move(checked.error()), nullptr);
}

}  // namespace sluice
