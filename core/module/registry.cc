#include "module/registry.h"

#include <sluice/base/strings.h>

namespace sluice {

Result<Registry> Registry::open(const BuildInput& input) {
  Registry registry(input);
  if (input.files == nullptr || input.module_directory.empty()) return registry;
  auto text = input.files->read(concat(input.module_directory, "index"));
  if (!text) return registry;
  TRY_ASSIGN(registry.index_, ModuleIndex::parse(*text));
  return registry;
}

Result<std::vector<LoadedModule>> Registry::load_for_directive(std::string_view name) {
  std::vector<LoadedModule> loaded;
  for (const std::string& file : index_.files_for_directive(name)) TRY(load_indexed(file, loaded));
  return loaded;
}

Result<std::vector<LoadedModule>> Registry::load_for_provider(std::string_view kind, std::string_view name) {
  std::vector<LoadedModule> loaded;
  if (const std::string* file = index_.file_for_provider(kind, name)) TRY(load_indexed(*file, loaded));
  return loaded;
}

Result<std::vector<LoadedModule>> Registry::load_shipped() {
  std::vector<LoadedModule> loaded;
  for (const std::string& file : index_.files()) TRY(load_indexed(file, loaded));
  return loaded;
}

// A module that load_module brought under the same name stands in for the shipped one.
Result<void> Registry::load_indexed(const std::string& file, std::vector<LoadedModule>& loaded) {
  if (names_.contains(index_.module_of(file))) return {};
  std::string path = concat(input_.module_directory, file);
  TRY_ASSIGN(LibrarySource::Library copy, input_.libraries->open(path));
  return load(path, std::move(copy), loaded);
}

Result<void> Registry::load(const std::string& path, LibrarySource::Library copy, std::vector<LoadedModule>& loaded) {
  if (!ids_.insert(copy.id).second) return {};
  if (input_.progress) input_.progress(concat("loading module ", path));
  TRY_ASSIGN(std::shared_ptr<Library> library, Library::open(concat("/proc/self/fd/", copy.fd), path));
  LoadedModule made{library->manifest().name, library->manifest().summary, nullptr, false};
  if (!names_.insert(made.name).second) {
    return Error(ErrorKind::config, concat("module \"", made.name, "\" is already loaded"), ErrorSource::config);
  }
  if (input_.progress) input_.progress(concat("creating module ", made.name));
  made.module = Library::make(std::move(library));
  if (made.module == nullptr) {
    return Error(ErrorKind::config, concat("module \"", made.name, "\" could not be created"), ErrorSource::config);
  }
  loaded.push_back(std::move(made));
  return {};
}

namespace {

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

}  // namespace

Result<std::vector<LoadedModule>> Registry::load_files(std::string_view path) {
  if (is_pattern(path)) return load_pattern(path);
  std::vector<LoadedModule> loaded;
  std::string first = path.starts_with('/') ? std::string(path) : concat(input_.prefix, path);
  auto copy = input_.libraries->open(first);
  if (copy) {
    TRY(load(first, std::move(*copy), loaded));
    return loaded;
  }
  if (path.starts_with('/') || copy.error().os_errno != ENOENT) return std::move(copy.error());
  std::string second = concat(input_.module_directory, path);
  auto other = input_.libraries->open(second);
  if (!other) return std::move(copy.error());
  TRY(load(second, std::move(*other), loaded));
  return loaded;
}

// Files of the prefix; those of the module directory when the prefix has none. Nothing at all is no error, as with include; the builder warns.
Result<std::vector<LoadedModule>> Registry::load_pattern(std::string_view pattern) {
  std::vector<LoadedModule> loaded;
  bool absolute = pattern.starts_with('/');
  auto paths = input_.files->glob(absolute ? std::string(pattern) : concat(input_.prefix, pattern));
  if (paths.empty() && !absolute) paths = input_.files->glob(concat(input_.module_directory, pattern));
  for (const std::string& path : paths) {
    TRY_ASSIGN(LibrarySource::Library copy, input_.libraries->open(path));
    TRY(load(path, std::move(copy), loaded));
  }
  return loaded;
}

}  // namespace sluice
