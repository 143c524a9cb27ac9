// ValueCompiler: text with `$name`, `${name}` and `$1`..`$9` into a ComplexValue, by nginx's rules (ngx_http_script_compile):
// names are letters, digits and '_', a capture has one digit, and there is no escape for '$'.
#pragma once

#include <string_view>

#include <sluice/base/error.h>
#include <sluice/conf/tree.h>
#include <sluice/server/variable.h>

#include "server/variable_table.h"

namespace sluice {

class ValueCompiler {
 public:
  // compile's errors: `invalid variable name`, `the closing bracket in "x" variable is missing`.
  static Result<ComplexValue> compile(VariableTable& variables, const ConfigPlace& place, std::string_view text);

 private:
  static void add_literal(ComplexValue& value, std::string_view text);
};

// next_name takes a variable's name from the front of `text`, which begins behind '$'; used by log_format as well.
Result<std::string_view> next_variable_name(const ConfigPlace& place, std::string_view& text);

}  // namespace sluice
