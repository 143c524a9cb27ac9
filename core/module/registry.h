// Registry: the modules of one build: which are loaded, and where others come from: the index of the shipped ones, and load_module.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/file_source.h>

#include "module/build.h"
#include "module/library.h"
#include "module/module_index.h"
#include "server/module_loader.h"

namespace sluice {

class Registry final : public ModuleLoader {
 public:
  // open reads the index in the module directory; without one nothing loads by itself.
  static Result<Registry> open(const BuildInput& input);

  Result<std::vector<LoadedModule>> load_for_directive(std::string_view name) override;
  Result<std::vector<LoadedModule>> load_for_provider(std::string_view kind, std::string_view name) override;
  Result<std::vector<LoadedModule>> load_files(std::string_view pattern) override;
  std::vector<std::string_view> directive_names() const override { return index_.directive_names(); }

  // load_shipped loads every module of the index, for the reference pages.
  Result<std::vector<LoadedModule>> load_shipped();

 private:
  explicit Registry(const BuildInput& input) : input_(input) {}
  Result<void> load_indexed(const std::string& file, std::vector<LoadedModule>& loaded);
  Result<void> load(const std::string& path, LibrarySource::Library copy, std::vector<LoadedModule>& loaded);
  Result<std::vector<LoadedModule>> load_pattern(std::string_view pattern);

  const BuildInput& input_;
  ModuleIndex index_;
  std::set<std::string, std::less<>> names_;  // of loaded modules
  std::set<std::string> ids_;                 // of loaded contents
};

}  // namespace sluice
