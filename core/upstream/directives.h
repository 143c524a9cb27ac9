// The directive rows of upstream blocks and of proxying.
#pragma once

#include <span>

#include <sluice/conf/directive.h>

namespace sluice {

std::span<const Directive> upstream_directives();
std::span<const Directive> proxy_directives();
std::span<const Directive> response_directives();

}  // namespace sluice
