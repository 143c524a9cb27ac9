// The arguments of `location`, and where the block may stand.
#pragma once

#include <memory>

#include <sluice/conf/directive.h>

#include "server/core_conf.h"

namespace sluice {

// parse_location makes the node of a location block. Errors are nginx's: `invalid location modifier "x"`,
// `location "/b" is outside location "/a/"`, `named location "@x" can be on the server level only`, ...
Result<std::unique_ptr<LocationNode>> parse_location(const DirectiveUse& use, const PlaceDraft& parent);

// add_location files it under its parent. Error: `duplicate location "/a"`.
Result<void> add_location(const DirectiveUse& use, const PlaceDraft& parent, std::unique_ptr<LocationNode> node);

}  // namespace sluice
