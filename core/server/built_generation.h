// BuiltGeneration: the one kind of Generation: what a build made. Members are destroyed in reverse order, so that nothing of a module
// outlives the module, and no module outlives its library.
//
// Ten thousand servers take tens of milliseconds to free, which no event loop has. So the last reference gives the generation to
// whoever `dispose` is, who may take it apart piece by piece before it destroys it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sluice/server/generation.h>
#include <sluice/server/module.h>
#include <sluice/shm/zone.h>

#include "server/module_loader.h"
#include "server/routing.h"
#include "server/variable_table.h"

namespace sluice {

class BuiltGeneration final : public Generation {
 public:
  using Dispose = std::function<void(std::unique_ptr<Generation>)>;

  explicit BuiltGeneration(uint64_t id) { id_ = id; }
  // make gives a generation whose last reference calls `dispose`; while that is empty, it destroys.
  static std::shared_ptr<BuiltGeneration> make(uint64_t id);

  // dismantle_some frees one of the many pieces: false when none is left. REQUIRES: nobody refers to the generation.
  bool dismantle_some();

  const Variable* find_variable(std::string_view name) const override { return variables.find(name); }
  Module* module(std::string_view name) const override {
    for (const LoadedModule& loaded : modules) {
      if (loaded.name == name) return loaded.module.get();
    }
    return nullptr;
  }
  uint32_t add_exchange_slot(const SlotTravel* travel) {
    slot_travels_.push_back(travel);
    return exchange_slots_++;
  }
  void set_set_variables(uint32_t count) { set_variables_ = count; }

  std::vector<LoadedModule> modules;
  std::vector<std::shared_ptr<Zone>> zones;
  mutable VariableTable variables;                       // grows by members of families that Lua asks for
  std::vector<std::shared_ptr<void>> confs;              // structs of blocks that no location holds
  std::vector<std::unique_ptr<VirtualServer>> servers;
  std::vector<std::unique_ptr<HostTable>> host_tables;
  Dispose dispose;
};

}  // namespace sluice
