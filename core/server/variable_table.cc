#include "server/variable_table.h"

#include <algorithm>

#include <sluice/base/strings.h>
#include <sluice/http/headers.h>
#include <sluice/server/exchange.h>

namespace sluice {

namespace {

VariableValue get_set_value(Exchange& exchange, const Variable& variable) {
  std::string_view value = exchange.set_value(variable.slot);
  if (value.data() != nullptr) return value;
  if (exchange.location().core.uninitialized_variable_warn) exchange.log_at(LogLevel::warn, "using uninitialized \"", variable.name(), "\" variable");
  return VariableValue("");
}

void put_set_value(Exchange& exchange, const Variable& variable, std::string_view value) {
  exchange.store_set_value(variable.slot, value.data() != nullptr ? value : std::string_view(""));
}

constexpr VariableRow kSetRow{"", get_set_value, put_set_value, "A variable that the configuration sets."};

// In a variable's slot of the exchange while its value is being computed.
constexpr char kBeingComputed[] = "being computed";

// A value is computed once for a request, and again each time if it is volatile. What `set` or Lua wrote stays.
VariableValue get_computed_value(Exchange& exchange, const Variable& variable) {
  const std::string_view kept = exchange.set_value(variable.slot);
  if (kept.data() == kBeingComputed) {
    exchange.log_at(LogLevel::error, "cycle while evaluating variable \"", variable.name(), '"');
    return {};
  }
  if (kept.data() != nullptr) return kept;
  const auto& computed = *static_cast<const ComputedValue*>(variable.data);
  exchange.store_set_value(variable.slot, {kBeingComputed, 0});
  const VariableValue value = computed.compute(exchange);
  if (value.found && !computed.is_volatile()) put_set_value(exchange, variable, value.text);
  else exchange.store_set_value(variable.slot, {});
  return value;
}

constexpr VariableRow kComputedRow{"", get_computed_value, put_set_value, "A variable that a module computes."};

bool is_family(const VariableRow& row) {
  return row.name.ends_with('_');
}

// The header that a suffix like "x_forwarded_for" names, for rows that read headers.
uint32_t header_of(std::string_view suffix) {
  std::string name(suffix);
  std::replace(name.begin(), name.end(), '_', '-');
  return static_cast<uint32_t>(header_id(name));
}

}  // namespace

Result<void> VariableTable::add_rows(std::span<const VariableRow> rows) {
  for (const VariableRow& row : rows) {
    rows_.push_back(&row);
    if (is_family(row)) {
      families_.push_back(&row);
      continue;
    }
    if (!names_.try_emplace(std::string(row.name), &row).second) {
      return Error(ErrorKind::config, concat("the duplicate \"", row.name, "\" variable"), ErrorSource::config);
    }
    Slot* used = existing(row.name);
    if (used == nullptr) continue;
    used->variable->row_ = row;
    used->defined = true;
  }
  return {};
}

VariableTable::Slot* VariableTable::existing(std::string_view lower_name) {
  auto found = variables_.find(lower_name);
  return found == variables_.end() ? nullptr : &found->second;
}

const VariableRow* VariableTable::row_for(std::string_view lower_name, std::string_view& suffix) const {
  if (auto exact = names_.find(lower_name); exact != names_.end()) return exact->second;
  const VariableRow* best = nullptr;
  for (const VariableRow* family : families_) {
    bool fits = lower_name.size() > family->name.size() && lower_name.starts_with(family->name);
    if (fits && (best == nullptr || family->name.size() > best->name.size())) best = family;
  }
  if (best != nullptr) suffix = lower_name.substr(best->name.size());
  return best;
}

VariableTable::Slot* VariableTable::from_row(const std::string& lower_name) {
  std::string_view suffix;
  const VariableRow* row = row_for(lower_name, suffix);
  if (row == nullptr) return nullptr;
  Slot slot;
  slot.variable = std::make_unique<Variable>(*row, lower_name, std::string(suffix));
  if (!suffix.empty()) slot.variable->number = header_of(suffix);
  return &variables_.try_emplace(lower_name, std::move(slot)).first->second;
}

VariableTable::Slot& VariableTable::make_set_variable(const std::string& lower_name) {
  Slot slot;
  slot.variable = std::make_unique<Variable>(kSetRow, lower_name, "");
  slot.variable->slot = set_variables_++;
  return variables_.try_emplace(lower_name, std::move(slot)).first->second;
}

const Variable* VariableTable::use(const ConfigPlace& place, std::string_view name) {
  std::string key = lower(name);
  Slot* slot = existing(key);
  if (slot == nullptr) slot = from_row(key);
  if (slot == nullptr) {
    slot = &make_set_variable(key);
    slot->defined = false;
    slot->first_use = place;
    slot->order = set_variables_;
  }
  return slot->variable.get();
}

Result<const Variable*> VariableTable::define(const ConfigPlace& place, std::string_view name) {
  std::string key = lower(name);
  Slot* slot = existing(key);
  if (slot == nullptr) slot = from_row(key);
  if (slot == nullptr) slot = &make_set_variable(key);
  slot->defined = true;
  if (!slot->variable->settable()) return config_error(place, concat("the duplicate \"", key, "\" variable"));
  return slot->variable.get();
}

Result<void> VariableTable::define_computed(const ConfigPlace& place, std::string_view name, const ComputedValue& value) {
  std::string key = lower(name);
  std::string_view suffix;
  if (const VariableRow* row = row_for(key, suffix)) {
    if (!is_family(*row)) return config_error(place, concat("the duplicate \"", key, "\" variable"));
    return config_error(place, concat("the variable \"", key, "\" cannot be defined, all names that begin with \"", row->name, "\" are built in"));
  }
  Slot* slot = existing(key);
  if (slot == nullptr) slot = &make_set_variable(key);
  slot->defined = true;
  slot->variable->row_ = kComputedRow;
  slot->variable->data = &value;
  return {};
}

std::vector<Error> VariableTable::undefined() const {
  std::vector<const Slot*> slots;
  for (const auto& [name, slot] : variables_) {
    if (!slot.defined) slots.push_back(&slot);
  }
  std::sort(slots.begin(), slots.end(), [](const Slot* a, const Slot* b) { return a->order < b->order; });
  std::vector<Error> errors;
  for (const Slot* slot : slots) {
    errors.push_back(config_error(slot->first_use, concat("unknown \"", slot->variable->name(), "\" variable")));
  }
  return errors;
}

std::vector<std::string> VariableTable::undefined_names() const {
  std::vector<std::string> names;
  for (const auto& [name, slot] : variables_) {
    if (!slot.defined) names.push_back(name);
  }
  return names;
}

const Variable* VariableTable::find(std::string_view name) {
  std::string key = lower(name);
  Slot* slot = existing(key);
  if (slot == nullptr && variables_.size() < kMaxVariables) slot = from_row(key);
  return slot == nullptr ? nullptr : slot->variable.get();
}

}  // namespace sluice
