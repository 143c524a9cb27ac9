#include "module/library.h"

#include <dlfcn.h>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr const char* kManifestSymbol = "sluice_module_manifest";

Error library_error(std::string text) {
  return Error(ErrorKind::config, std::move(text), ErrorSource::config);
}

// The linker names the private copy; the operator knows the file.
std::string linker_text(const std::string& path, const std::string& shown) {
  const char* reason = dlerror();
  std::string text = reason != nullptr ? reason : "unknown reason";
  for (size_t at = text.find(path); at != std::string::npos; at = text.find(path, at + shown.size())) {
    text.replace(at, path.size(), shown);
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<Library>> Library::open(const std::string& path, const std::string& shown) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return library_error(concat("dlopen() \"", shown, "\" failed (", linker_text(path, shown), ')'));
  std::shared_ptr<Library> library(new Library(handle));
  auto* manifest = static_cast<const ModuleManifest*>(dlsym(handle, kManifestSymbol));
  if (manifest == nullptr || manifest->magic != kModuleMagic) {
    return library_error(concat("\"", shown, "\" is no sluice module: it has no manifest (SLUICE_MODULE)"));
  }
  if (std::string_view(manifest->abi) != SLUICE_ABI_STAMP) {
    return library_error(concat("module \"", shown, "\" was built for another sluice: its ABI is \"", manifest->abi,
                                "\", this sluice has \"", SLUICE_ABI_STAMP, "\"; build it again"));
  }
  library->manifest_ = manifest;
  return library;
}

Library::~Library() {
  dlclose(handle_);
}

bool Library::is_loaded(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  dlclose(handle);
  return true;
}

std::shared_ptr<Module> Library::make(std::shared_ptr<Library> library) {
  Module* module = library->manifest().create();
  if (module == nullptr) return nullptr;
  return std::shared_ptr<Module>(module, [library](Module* made) { library->manifest().destroy(made); });
}

}  // namespace sluice
