#include "module/build.h"

#include <algorithm>

#include <sluice/base/strings.h>

#include "conf/parser.h"
#include "module/builtin.h"
#include "module/registry.h"
#include "server/built_generation.h"
#include "server/generation_builder.h"

namespace sluice {

namespace {

Result<ParsedConfig> parse(const BuildInput& input) {
  ParseOptions options;
  options.command_line = input.global_directives;
  std::string excerpt;
  auto config = parse_config(*input.files, input.conf_path, options, &excerpt);
  if (config) return config;
  Error error = std::move(config.error());
  while (excerpt.ends_with('\n')) excerpt.pop_back();
  if (!excerpt.empty()) error.text += concat('\n', excerpt);
  return error;
}

GenerationBuilder::Options builder_options(const BuildInput& input, ModuleLoader* loader) {
  GenerationBuilder::Options options;
  options.role = input.role;
  options.generation_id = input.generation_id;
  options.prefix = input.prefix;
  options.conf_prefix = config_directory(input.conf_path);
  options.error_log_override = input.error_log_override;
  options.files = input.files;
  options.loader = loader;
  options.zone_fd = input.zone_fd;
  options.log_fd = input.log_fd;
  options.progress = input.progress;
  return options;
}

void say(const BuildInput& input, std::string_view what) {
  if (input.progress) input.progress(what);
}

// The host tables belong to the generation: who holds one, holds it.
std::vector<ListenerHosts> hold_listeners(GenerationBuilder& builder, const std::shared_ptr<BuiltGeneration>& generation) {
  std::vector<ListenerHosts> listeners;
  for (ListenTable::Listener& listener : builder.listeners()) {
    generation->host_tables.push_back(std::move(listener.hosts));
    const HostTable* hosts = generation->host_tables.back().get();
    listeners.push_back({listener.listen, std::shared_ptr<const HostTable>(generation, hosts)});
  }
  return listeners;
}

BuildOutput collect(GenerationBuilder& builder, const ParsedConfig& config) {
  BuildOutput output;
  auto generation = builder.take_generation();
  output.listeners = hold_listeners(builder, generation);
  output.generation = generation;
  output.main = builder.main();
  output.zones = builder.zone_specs();
  output.log_paths = builder.log_paths();
  output.warnings = std::move(builder.warnings());
  for (const ConfigFile& file : config.files) output.config_files.push_back({file.path, file.text});
  return output;
}

BuiltGeneration& built(Generation& generation) {
  return static_cast<BuiltGeneration&>(generation);
}

}  // namespace

Result<BuildOutput> build_generation(const BuildInput& input) {
  say(input, "reading the configuration");
  TRY_ASSIGN(ParsedConfig config, parse(input));
  TRY_ASSIGN(Registry registry, Registry::open(input));
  GenerationBuilder builder(builder_options(input, &registry));
  for (LoadedModule& module : make_builtin_modules()) TRY(builder.add_module(std::move(module)));
  say(input, "applying the configuration");
  TRY(builder.build(config));
  BuildOutput output = collect(builder, config);
  built(*output.generation).dispose = input.dispose;
  return output;
}

Result<MainConf> read_main_conf(const BuildInput& input) {
  TRY_ASSIGN(ParsedConfig config, parse(input));
  GenerationBuilder builder(builder_options(input, nullptr));
  TRY(builder.build_main(config));
  return std::move(builder.main());
}

Result<void> start_generation(Generation& generation, ProcessContext& process) {
  for (const LoadedModule& loaded : built(generation).modules) {
    auto started = loaded.module->start(process, generation);
    if (!started) return std::move(started.error()).with_context(concat("module \"", loaded.name, '"'));
  }
  return {};
}

void retire_generation(Generation& generation) {
  auto& modules = built(generation).modules;
  for (auto at = modules.rbegin(); at != modules.rend(); ++at) at->module->retire();
}

bool dismantle_some(Generation& generation) { return built(generation).dismantle_some(); }

}  // namespace sluice
