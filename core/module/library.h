// Library: one loaded .so and its manifest. The dynamic linker counts handles, and every content has one path per process
// (/proc/self/fd/N of its private copy), so the same content is mapped once and unmapped when its last Library goes.
#pragma once

#include <memory>
#include <string>

#include <sluice/base/error.h>
#include <sluice/server/module.h>

namespace sluice {

class Library {
 public:
  // open loads `path`; `shown` is its name in messages. Compares the ABI before any function of it is called. Errors, without
  // a place: `dlopen() "x" failed (...)`, no manifest, another ABI (with both stamps).
  static Result<std::shared_ptr<Library>> open(const std::string& path, const std::string& shown);

  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // is_loaded: somebody in this process still has a handle of the library at `path`.
  static bool is_loaded(const std::string& path);

  const ModuleManifest& manifest() const { return *manifest_; }
  // make creates the module object of one generation; it keeps the library loaded. Null when the module's create gave nothing.
  static std::shared_ptr<Module> make(std::shared_ptr<Library> library);

 private:
  explicit Library(void* handle) : handle_(handle) {}
  void* handle_;
  const ModuleManifest* manifest_ = nullptr;
};

}  // namespace sluice
