// Generation: everything that one configuration means. Immutable once built; owned by reference count: the process holds the
// newest, each exchange the one it started with. Freed, modules included, when the last reference goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/log/log.h>
#include <sluice/server/variable.h>

namespace sluice {

class Exchange;
class Module;
class HostTable;

// SlotTravel: how an object that a module keeps in an exchange's slot outlives that exchange, which is made anew for the log phase of
// a tunnel. The object was made by arena().make and has a destructor, which runs between the two calls.
class SlotTravel {
 public:
  // pack gives what is to be kept of the object, which lets go of it.
  virtual uint64_t pack(void* object) const = 0;
  // unpack puts an object that has it into the slot of the new exchange.
  virtual void unpack(Exchange& exchange, uint64_t kept) const = 0;

 protected:
  ~SlotTravel() = default;
};

class SLUICE_API Generation : public std::enable_shared_from_this<Generation> {
 public:
  virtual ~Generation() = default;
  uint64_t id() const { return id_; }                 // 1 for the first, +1 per reload
  // find_variable resolves a name at run time (Lua): null when unknown. Names are case-insensitive. Cheap only on the second call:
  // callers cache the pointer, which lives as long as the generation.
  virtual const Variable* find_variable(std::string_view name) const = 0;
  virtual Module* module(std::string_view name) const = 0;
  uint32_t exchange_slots() const { return exchange_slots_; }
  // slot_travels has one entry per exchange slot, null where there is none.
  const std::vector<const SlotTravel*>& slot_travels() const { return slot_travels_; }
  uint32_t set_variables() const { return set_variables_; }

 protected:
  uint64_t id_ = 0;
  uint32_t exchange_slots_ = 0;
  uint32_t set_variables_ = 0;
  std::vector<const SlotTravel*> slot_travels_;
};

}  // namespace sluice
