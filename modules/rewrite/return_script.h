// `return CODE [TEXT]`, `return CODE URL`, `return URL`.
#pragma once

#include <sluice/conf/directive.h>

namespace sluice {

// add_return's errors: `invalid return code "x"`.
Result<void> add_return(DirectiveUse& use);

}  // namespace sluice
