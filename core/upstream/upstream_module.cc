#include "upstream/upstream_module.h"

#include <algorithm>

#include <sluice/base/hash.h>
#include <sluice/server/resolvers.h>

#include "server/generation_builder.h"
#include "upstream/directives.h"
#include "upstream/proxy_handler.h"

namespace sluice {

size_t UpstreamModule::NameHash::operator()(std::string_view name) const { return hash_bytes(name, 1); }

void UpstreamModule::declare(ModuleDeclarations& declarations) {
  declarations.location_conf<ProxyConf>();
  declarations.directives(upstream_directives());
  declarations.directives(proxy_directives());
  declarations.directives(response_directives());
}

Result<void> UpstreamModule::finish_location(BlockScope& scope, const void* conf) {
  const auto& proxy = *static_cast<const ProxyConf*>(conf);
  if (proxy.target == nullptr) return {};
  proxy.target->resolver_options = resolver_options(scope.location()->core);
  scope.set_content(std::make_unique<ProxyHandler>(*this, proxy));
  return {};
}

Result<UpstreamBuilder*> UpstreamModule::begin_upstream(const ConfigPlace& place, std::string name) {
  if (auto it = builders_by_name_.find(name); it != builders_by_name_.end()) {
    return config_error(place, concat("duplicate upstream \"", name, '"'));
  }
  builders_.push_back(std::make_unique<UpstreamBuilder>(name, place));
  builders_by_name_.emplace(std::move(name), builders_.back().get());
  return builders_.back().get();
}

// A proxy_pass names an upstream block, or an address that becomes a group of its own, shared by all that name it.
Result<UpstreamBuilder*> UpstreamModule::builder_of_target(ConfigBuilder& builder, ProxyTarget& target) {
  if (auto it = builders_by_name_.find(target.host); it != builders_by_name_.end()) return it->second;
  TRY_ASSIGN(UpstreamBuilder * made, begin_upstream(target.place, target.host));
  made->resolver() = target.resolver_options;
  TRY(made->add_server(builder, target.place, target.host, {}));
  return made;
}

Result<void> UpstreamModule::check(ConfigBuilder& builder) {
  own_addresses_ = OwnAddresses(GenerationBuilder::of(builder).listeners());
  for (auto& target : targets_) {
    if (target->dynamic) continue;
    auto found = builder_of_target(builder, *target);
    if (!found) return std::move(found.error());
  }
  size_t peers = 0;
  for (auto& upstream : builders_) {
    if (upstream->empty()) return config_error(upstream->place(), "no servers are inside upstream");
    peers += upstream->room();
  }
  if (!builders_.empty()) {
    TRY_ASSIGN(states_, PeerStates::open(builder, peers));
  }
  for (auto& upstream : builders_) {
    TRY_ASSIGN(auto group, upstream->finish(builder, *states_, own_addresses_));
    const std::string name = group->name();
    groups_.emplace(name, std::move(group));
  }
  for (auto& target : targets_) {
    if (!target->dynamic) target->group = groups_.find(target->host)->second.get();
  }
  dynamic_group_ = std::make_unique<UpstreamGroup>("");
  return {};
}

Result<void> UpstreamModule::start(ProcessContext& process, const Generation&) {
  pools_ = &ConnectionPools::of(process);
  if (states_ != nullptr) states_->join();
  for (auto& [name, group] : groups_) group->live_peers().connect(*pools_);
  for (auto& target : targets_) {
    if (target->dynamic) target->resolver = shared_resolver(process, target->resolver_options);
  }
  if (process.serves()) watch_names(process);
  return {};
}

// The names that have no address yet are asked for at once, the others one after the other: many names are no burst of questions.
void UpstreamModule::watch_names(ProcessContext& process) {
  constexpr Milliseconds kBetweenNames{2};
  Milliseconds delay{0};
  for (auto& [name, group] : groups_) {
    const auto& lines = group->live_peers().lines();
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].follows_name()) continue;
      watches_.push_back(std::make_unique<NameWatch>(*group, i, shared_resolver(process, group->resolver), lines[i].peers.empty() ? Milliseconds{0} : delay));
      delay += kBetweenNames;
    }
  }
  if (!watches_.empty()) state_keeper_.begin();
}

void UpstreamModule::retire() { watches_.clear(); }

void UpstreamModule::StateKeeper::on_timer() {
  for (const auto& [name, group] : module_.groups_) group->live_peers().keep_states();
  begin();
}

const UpstreamGroup* UpstreamModule::group(std::string_view name) const {
  auto it = groups_.find(name);
  return it == groups_.end() ? nullptr : it->second.get();
}

}  // namespace sluice
