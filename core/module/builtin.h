// The modules that are compiled into the executable. They keep to the same contract as a .so, without its manifest.
#pragma once

#include <vector>

#include "server/module_loader.h"

namespace sluice {

// make_builtin_modules creates one object of each, for one generation.
std::vector<LoadedModule> make_builtin_modules();

}  // namespace sluice
