#include "module/builtin.h"

#include "upstream/upstream_module.h"

namespace sluice {

std::vector<LoadedModule> make_builtin_modules() {
  std::vector<LoadedModule> modules;
  modules.push_back({"upstream", "Groups of peers, and passing requests on to them.", std::make_shared<UpstreamModule>(), true});
  return modules;
}

}  // namespace sluice
