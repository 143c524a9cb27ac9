// ModuleLoader: how a build gets modules it does not have yet. Implemented by the module floor; tests have a fake.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/server/module.h>

namespace sluice {

// A module object of one generation. Its destructor ends the object and then lets go of the library.
struct LoadedModule {
  std::string name;
  std::string summary;
  std::shared_ptr<Module> module;
  bool builtin = false;
};

class ModuleLoader {
 public:
  virtual ~ModuleLoader() = default;
  // Every function gives the modules that were not loaded before; none is no error.
  virtual Result<std::vector<LoadedModule>> load_for_directive(std::string_view name) = 0;
  virtual Result<std::vector<LoadedModule>> load_for_provider(std::string_view kind, std::string_view name) = 0;
  // load_files does what `load_module PATTERN` says. Errors have no place.
  virtual Result<std::vector<LoadedModule>> load_files(std::string_view pattern) = 0;
  // directive_names are the names that could be loaded, for suggestions.
  virtual std::vector<std::string_view> directive_names() const = 0;
};

}  // namespace sluice
