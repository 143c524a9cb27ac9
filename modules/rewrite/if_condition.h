// The condition of an `if`: `($variable)`, `($variable = text)`, `!=`, `~`, `~*`, `!~`, `!~*`, and `-f`, `-d`, `-e`, `-x` with `!`.
#pragma once

#include <memory>

#include <sluice/conf/directive.h>
#include <sluice/server/phase.h>

#include "rewrite_conf.h"

namespace sluice {

// parse_condition reads the arguments of an `if`, parentheses included. Errors are nginx's: `invalid condition "x"`,
// `unexpected "x" in condition`, those of variables and regular expressions.
Result<std::unique_ptr<const Condition>> parse_condition(const DirectiveUse& use, RewriteConfSlot conf);

}  // namespace sluice
