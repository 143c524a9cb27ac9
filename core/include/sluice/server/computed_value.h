// ComputedValue: what a module computes a variable from (map, geo, split_clients). The core keeps the value for the rest of the request,
// and sees cycles: a variable that needs itself has no value, and the error log says so.
#pragma once

#include <sluice/base/api.h>
#include <sluice/server/variable.h>

namespace sluice {

class SLUICE_API ComputedValue {
 public:
  virtual ~ComputedValue() = default;
  // compute gives the value; not found is a result as well, and is computed again next time.
  virtual VariableValue compute(Exchange& exchange) const = 0;
  // A volatile one is computed each time, and never kept.
  virtual bool is_volatile() const { return false; }
};

}  // namespace sluice
