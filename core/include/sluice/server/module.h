// Module: the contract between the core and everything that is loaded: sluice's own modules, lua.so, an operator's plug-in.
//
// A .so holds one module and exports one symbol, its manifest, through SLUICE_MODULE. Before any of its code is called the manifest's
// ABI stamp is compared with the executable's. Life of a module object (one per generation):
//
//   create -> declare (names only) -> directives are applied -> finish_location for every location -> check (whole configuration)
//          -> start (on the loop of each worker and of the control process) -> retire (a newer generation took over) -> destroy
//
// declare .. check run on a builder thread, start .. destroy on the loop's thread. Two generations live at once: no mutable globals.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/conf/directive.h>
#include <sluice/server/builder.h>
#include <sluice/server/generation.h>
#include <sluice/server/process_context.h>
#include <sluice/server/variable.h>

namespace sluice {

class SLUICE_API ModuleDeclarations {
 public:
  virtual ~ModuleDeclarations() = default;
  // The rows must be static.
  virtual void directives(std::span<const Directive> rows) = 0;
  virtual void variables(std::span<const VariableRow> rows) = 0;
  // location_conf names the struct for http, server and location blocks; returns the slot for Location::module_conf.
  template <class T>
  uint32_t location_conf() { return location_conf(conf_type<T>()); }
  // upstream_conf names the struct for upstream blocks.
  template <class T>
  uint32_t upstream_conf() { return upstream_conf(conf_type<T>()); }
  // exchange_slot reserves one pointer per exchange (Exchange::slot). An exchange with something in a slot does not sleep while a
  // WebSocket stands, which costs memory, unless the slot has a `travel`, which must be static or the module's.
  virtual uint32_t exchange_slot(const SlotTravel* travel = nullptr) = 0;
  // provide offers a named factory; `factory` must be static. Kinds known to the core: "balancer" (BalancerFactory).
  virtual void provide(std::string_view kind, std::string_view name, const void* factory) = 0;

 protected:
  virtual uint32_t location_conf(ConfType type) = 0;
  virtual uint32_t upstream_conf(ConfType type) = 0;
};

class SLUICE_API Module {
 public:
  virtual ~Module() = default;
  virtual void declare(ModuleDeclarations& declarations) = 0;
  // finish_location is called once per location (and per server for its own place) when all values are final; `conf` is this module's
  // location_conf struct there (null if it declared none). Here the module adds its handlers and filters.
  virtual Result<void> finish_location(BlockScope& scope, const void* conf) {
    (void)scope, (void)conf;
    return {};
  }
  // check sees the whole configuration; here it may still refuse it. init_by_lua runs here.
  virtual Result<void> check(ConfigBuilder& builder) {
    (void)builder;
    return {};
  }
  virtual Result<void> start(ProcessContext& process, const Generation& generation) {
    (void)process, (void)generation;
    return {};
  }
  // retire: a newer generation serves new requests, or the process drains. Stop what recurs; running exchanges go on.
  virtual void retire() {}
};

// What a .so exports. Plain data: it is read before anything in the .so is called.
struct ModuleManifest {
  uint32_t magic;
  const char* abi;               // SLUICE_ABI_STAMP of the compilation
  const char* name;              // "round_robin"
  const char* summary;           // one line for -V and the reference page
  Module* (*create)();
  void (*destroy)(Module*);
  // Names of directives of others that load this module too, space separated ("upstream proxy_pass"); may be empty.
  const char* triggers;
};

inline constexpr uint32_t kModuleMagic = 0x534c5543;  // "SLUC"

#define SLUICE_ABI_EPOCH "1"
#define SLUICE_STRING_INNER(x) #x
#define SLUICE_STRING(x) SLUICE_STRING_INNER(x)
#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_ABI_SANITIZER "address"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_ABI_SANITIZER "address"
#else
#define SLUICE_ABI_SANITIZER "none"
#endif
#else
#define SLUICE_ABI_SANITIZER "none"
#endif
#ifdef __clang__
#define SLUICE_ABI_COMPILER "clang-" SLUICE_STRING(__clang_major__)
#else
#define SLUICE_ABI_COMPILER "gcc-" SLUICE_STRING(__GNUC__)
#endif
// Epoch of these headers, compiler, C++ library ABI, sanitizer.
#define SLUICE_ABI_STAMP                                                                                              \
  "epoch=" SLUICE_ABI_EPOCH " compiler=" SLUICE_ABI_COMPILER " libstdc++=" SLUICE_STRING(_GLIBCXX_USE_CXX11_ABI) "." \
  SLUICE_STRING(_GLIBCXX_RELEASE) " sanitizer=" SLUICE_ABI_SANITIZER

}  // namespace sluice

// SLUICE_MODULE_TRIGGERED(Type, name, summary, triggers): the manifest; once per .so, at namespace scope.
#define SLUICE_MODULE_TRIGGERED(Type, module_name, module_summary, module_triggers)                                  \
  extern "C" __attribute__((visibility("default"))) const ::sluice::ModuleManifest sluice_module_manifest;           \
  const ::sluice::ModuleManifest sluice_module_manifest = {                                                          \
      ::sluice::kModuleMagic, SLUICE_ABI_STAMP, module_name, module_summary,                                         \
      []() -> ::sluice::Module* { return new Type(); }, [](::sluice::Module* m) { delete m; }, module_triggers};
#define SLUICE_MODULE(Type, module_name, module_summary) SLUICE_MODULE_TRIGGERED(Type, module_name, module_summary, "")
