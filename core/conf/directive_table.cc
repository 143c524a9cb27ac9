#include "conf/directive_table.h"

namespace sluice {

namespace {

Result<void> check_shape(const ConfigNode& node, const Directive& row) {
  bool fits = row.shape == BlockShape::raw ? node.raw : row.shape == BlockShape::block ? node.has_block && !node.raw : !node.has_block;
  if (fits) return {};
  if (row.shape == BlockShape::none) return config_error(node.place, concat("directive \"", node.name, "\" is not terminated by \";\""));
  return config_error(node.place, concat("directive \"", node.name, "\" has no opening \"{\""));
}

Result<void> check_arguments(const ConfigNode& node, const Directive& row) {
  int count = static_cast<int>(node.args.size());
  if (count >= row.min_args && (row.max_args < 0 || count <= row.max_args)) return {};
  return config_error(node.place, concat("invalid number of arguments in \"", node.name, "\" directive"));
}

}  // namespace

const Directive* DirectiveTable::add(std::span<const Directive> rows, uint32_t owner) {
  for (const Directive& row : rows) {
    auto& same_name = by_name_[row.name];
    for (const Entry* other : same_name) {
      if ((other->row->contexts & row.contexts) != 0) return &row;
    }
    same_name.push_back(&entries_.emplace_back(Entry{&row, owner}));
  }
  return nullptr;
}

Result<const DirectiveTable::Entry*> DirectiveTable::match(const ConfigNode& node, Context context) const {
  auto found = by_name_.find(node.name);
  if (found == by_name_.end()) return config_error(node.place, concat("unknown directive \"", node.name, '"'));
  for (const Entry* entry : found->second) {
    if ((entry->row->contexts & context) == 0) continue;
    TRY(check_shape(node, *entry->row));
    TRY(check_arguments(node, *entry->row));
    return entry;
  }
  return config_error(node.place, concat('"', node.name, "\" directive is not allowed here"));
}

std::vector<std::string_view> DirectiveTable::names(uint32_t contexts) const {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries_) {
    if ((entry.row->contexts & contexts) != 0) names.push_back(entry.row->name);
  }
  return names;
}

}  // namespace sluice
