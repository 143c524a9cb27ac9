// VariableTable: every variable of one generation, by name. Names are case-insensitive; families ("http_") make a member per name
// on demand. A name may be used before the directive that defines it is read: it is bound at the end of the build.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/tree.h>
#include <sluice/server/variable.h>

#include "server/host_table.h"

namespace sluice {

class VariableTable {
 public:
  // add_rows declares static rows; a name that exists already is an error, one that was only used so far is bound to its row.
  Result<void> add_rows(std::span<const VariableRow> rows);

  // use gives the variable of that name for a place in the configuration. An unknown one becomes a `set` variable that something
  // must still define: see undefined().
  const Variable* use(const ConfigPlace& place, std::string_view name);
  // define makes the `set` variable of that name, or finds one whose value may be changed. Error: `the duplicate "x" variable`.
  Result<const Variable*> define(const ConfigPlace& place, std::string_view name);
  // define_computed is define, and the variable has what `value` computes from now on. Built-in names are an error.
  Result<void> define_computed(const ConfigPlace& place, std::string_view name, const ComputedValue& value);
  // undefined lists, in the order of use, `unknown "x" variable` for every name that nothing defined.
  std::vector<Error> undefined() const;

  std::vector<std::string> undefined_names() const;

  // find serves the running generation; null when unknown. Members of families are made as they are asked for, up to a limit,
  // because their names may come from outside.
  const Variable* find(std::string_view name);

  uint32_t set_variables() const { return set_variables_; }
  std::span<const VariableRow* const> rows() const { return rows_; }

  static constexpr size_t kMaxVariables = 20'000;

 private:
  struct Slot {
    std::unique_ptr<Variable> variable;
    bool defined = true;
    ConfigPlace first_use;
    uint32_t order = 0;
  };
  Slot* existing(std::string_view lower_name);
  Slot* from_row(const std::string& lower_name);
  Slot& make_set_variable(const std::string& lower_name);
  const VariableRow* row_for(std::string_view lower_name, std::string_view& suffix) const;

  TextMap<Slot> variables_;
  TextMap<const VariableRow*> names_;
  std::vector<const VariableRow*> families_;
  std::vector<const VariableRow*> rows_;
  uint32_t set_variables_ = 0;
};

}  // namespace sluice
