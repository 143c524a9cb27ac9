// LuaModule: the module object of lua.so: one Vm per generation, the directives, init and init_worker code, and the chores for
// dictionaries.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/event/task.h>
#include <sluice/server/module.h>

#include "hooks.h"
#include "vm.h"

namespace sluice {

class LuaModule final : public Module, private SlotTravel {
 public:
  LuaModule();
  ~LuaModule() override;

  void declare(ModuleDeclarations& declarations) override;
  Result<void> finish_location(BlockScope& scope, const void* conf) override;
  Result<void> check(ConfigBuilder& builder) override;
  Result<void> start(ProcessContext& process, const Generation& generation) override;
  void retire() override;

  // vm is made at first use: a process that only lists what the module has needs none.
  Vm& vm();
  LuaSettings settings;
  struct InitScript {
    LuaScript script;
    ConfigPlace place;
  };
  std::optional<InitScript> init;
  std::optional<InitScript> init_worker;
  // keep stores a script for hooks that only borrow it (balancers).
  const LuaScript* keep(LuaScript script);

 private:
  // ngx.ctx travels.
  uint64_t pack(void* request) const override;
  void unpack(Exchange& exchange, uint64_t kept) const override;
  Task<void> sweep_dicts();

  std::unique_ptr<Vm> vm_;
  std::vector<std::unique_ptr<LuaScript>> kept_;
  uint32_t conf_slot_ = 0;
  uint32_t exchange_slot_ = 0;
  Flow sweeper_;
};

// The rows of directives.cc.
std::span<const Directive> lua_directives();

}  // namespace sluice
