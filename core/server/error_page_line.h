// The arguments of `error_page`: CODE... [=[CODE]] TARGET.
#pragma once

#include <vector>

#include <sluice/conf/directive.h>
#include <sluice/server/location.h>

namespace sluice {

// parse_error_page gives one page per code. Errors: `invalid value "x"`, `value "x" must be between 300 and 599`.
Result<std::vector<ErrorPage>> parse_error_page(const DirectiveUse& use);

}  // namespace sluice
