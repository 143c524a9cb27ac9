// DirectiveTable: every directive that a build knows, by name. It judges how a directive is written (place, block, number of
// arguments) with nginx's messages; what it means is for its row.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sluice/conf/directive.h>

namespace sluice {

class DirectiveTable {
 public:
  struct Entry {
    const Directive* row;
    uint32_t owner;  // who added it; the caller's number
  };

  // add takes static rows. Returns the first row whose name stands already for one of its contexts (rows before it are
  // added), or null.
  const Directive* add(std::span<const Directive> rows, uint32_t owner);

  bool knows(std::string_view name) const { return by_name_.contains(name); }

  // match finds the row for a directive in that context. Errors of nginx's ngx_conf_handler:
  // `unknown directive "x"`, `"x" directive is not allowed here`, `directive "x" is not terminated by ";"`,
  // `directive "x" has no opening "{"`, `invalid number of arguments in "x" directive`. The entry lives as long as the table.
  Result<const Entry*> match(const ConfigNode& node, Context context) const;

  // names of the directives allowed in any of the contexts.
  std::vector<std::string_view> names(uint32_t contexts) const;
  // In the order of adding.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<Entry> entries_;
  std::unordered_map<std::string_view, std::vector<const Entry*>> by_name_;
};

}  // namespace sluice
