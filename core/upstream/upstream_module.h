// UpstreamModule: the built-in module behind `upstream` and proxy_pass: its directives, the groups of one generation, and the link to
// the process's connection pools.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sluice/server/module.h>

#include "upstream/name_watch.h"
#include "upstream/own_addresses.h"
#include "upstream/proxy_conf.h"
#include "upstream/upstream_builder.h"

namespace sluice {

class UpstreamModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;
  Result<void> finish_location(BlockScope& scope, const void* conf) override;
  Result<void> check(ConfigBuilder& builder) override;
  Result<void> start(ProcessContext& process, const Generation& generation) override;
  void retire() override;

  // begin_upstream registers a block's builder; an error when the name is taken.
  Result<UpstreamBuilder*> begin_upstream(const ConfigPlace& place, std::string name);
  void add_target(std::shared_ptr<ProxyTarget> target) { targets_.push_back(std::move(target)); }

  // group finds an upstream by name at run time; null when there is none.
  const UpstreamGroup* group(std::string_view name) const;
  // The group of targets that are addresses made up by variables.
  const UpstreamGroup& dynamic_group() const { return *dynamic_group_; }
  ConnectionPools& pools() const { return *pools_; }
  const OwnAddresses& own_addresses() const { return own_addresses_; }

 private:
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const;
  };

  // Tells other processes from time to time which peers are still in use.
  class StateKeeper final : public Timer {
   public:
    explicit StateKeeper(UpstreamModule& module) : module_(module) {}
    void begin() { arm_after(PeerStates::kLease / 4); }

   private:
    void on_timer() override;
    UpstreamModule& module_;
  };

  Result<UpstreamBuilder*> builder_of_target(ConfigBuilder& builder, ProxyTarget& target);
  void watch_names(ProcessContext& process);

  std::vector<std::unique_ptr<UpstreamBuilder>> builders_;
  std::map<std::string, UpstreamBuilder*, std::less<>> builders_by_name_;
  std::vector<std::shared_ptr<ProxyTarget>> targets_;
  std::unique_ptr<PeerStates> states_;
  std::unordered_map<std::string, std::unique_ptr<UpstreamGroup>, NameHash, std::equal_to<>> groups_;
  std::unique_ptr<UpstreamGroup> dynamic_group_;
  OwnAddresses own_addresses_;
  ConnectionPools* pools_ = nullptr;
  StateKeeper state_keeper_{*this};
  std::vector<std::unique_ptr<NameWatch>> watches_;  // they use the groups
};

}  // namespace sluice
