// What rows and modules ask of the builder: values, variables, zones, logs, providers.
#include <sluice/base/strings.h>

#include "os/temp_file.h"
#include "server/generation_builder.h"
#include "server/value_compiler.h"

namespace sluice {

std::string ConfigBuilder::full_path(std::string_view path) const {
  return path.starts_with('/') ? std::string(path) : concat(prefix(), path);
}

Result<std::string> ConfigBuilder::temp_directory(const ConfigPlace& place, std::string_view path) {
  std::string full = full_path(path);
  while (full.size() > 1 && full.ends_with('/')) full.pop_back();
  // The loader has the rights of the one who started sluice; the others find what it made.
  if (role() != BuildRole::loader) return full;
  auto made = make_temp_directory(full);
  if (!made) return config_error(place, made.error().text);
  return full;
}

Result<ComplexValue> GenerationBuilder::compile(const ConfigPlace& place, std::string_view text) {
  return ValueCompiler::compile(generation_->variables, place, text);
}

Result<const Variable*> GenerationBuilder::variable(const ConfigPlace& place, std::string_view name) {
  return generation_->variables.use(place, name);
}

Result<const Variable*> GenerationBuilder::define_variable(const ConfigPlace& place, std::string_view name) {
  return generation_->variables.define(place, name);
}

Result<void> GenerationBuilder::define_computed(const ConfigPlace& place, std::string_view dollar_name, const ComputedValue& value) {
  if (!dollar_name.starts_with('$') || dollar_name.size() == 1) {
    return config_error(place, concat("invalid variable name \"", dollar_name, '"'));
  }
  return generation_->variables.define_computed(place, dollar_name.substr(1), value);
}

Result<std::shared_ptr<Zone>> GenerationBuilder::zone(const ConfigPlace& place, const ZoneSpec& spec) {
  if (auto found = zones_.find(spec.name); found != zones_.end()) {
    const ZoneSpec& known = found->second->spec();
    if (known.bytes != spec.bytes) {
      return config_error(place, concat("the size ", spec.bytes, " of shared memory zone \"", spec.name,
                                        "\" conflicts with already declared size ", known.bytes));
    }
    if (known.layout != spec.layout) {
      return config_error(place, concat("the shared memory zone \"", spec.name, "\" is already declared for a different use"));
    }
    return found->second;
  }
  int running = options_.zone_fd ? options_.zone_fd(spec) : -1;
  Fd fresh;
  if (running < 0) {
    auto made = Zone::create(spec);
    if (!made) return config_error(place, made.error().text);
    fresh = std::move(*made);
  }
  auto zone = Zone::map(spec, running >= 0 ? running : fresh.get());
  if (!zone) return config_error(place, zone.error().text);
  zones_.emplace(spec.name, *zone);
  zone_specs_.push_back(spec);
  generation_->zones.push_back(*zone);
  return *zone;
}

Result<int> GenerationBuilder::open_log(const ConfigPlace& place, std::string_view path) {
  if (path == "stderr") return 2;
  if (path.empty()) return config_error(place, "invalid log path \"\"");
  std::string full = full_path(path);
  if (auto found = logs_.find(full); found != logs_.end()) return found->second;
  int fd = options_.log_fd ? options_.log_fd(full) : -1;
  logs_.emplace(full, fd);
  log_paths_.push_back(full);
  return fd;
}

const void* GenerationBuilder::provider(std::string_view kind, std::string_view name) {
  std::pair<std::string, std::string> key(kind, name);
  auto found = providers_.find(key);
  if (found == providers_.end() && options_.loader != nullptr) {
    auto adopted = adopt(options_.loader->load_for_provider(kind, name), nullptr);
    if (!adopted) report(std::move(adopted.error()), nullptr);
    found = providers_.find(key);
  }
  return found == providers_.end() ? nullptr : found->second;
}

}  // namespace sluice
