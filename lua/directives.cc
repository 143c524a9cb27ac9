// The directives of the Lua module: a row each; hooks have three spellings: X_by_lua_block {}, X_by_lua_file path, X_by_lua 'code'.

#include <sluice/upstream/upstream.h>

#include "lua_conf.h"
#include "lua_module.h"

namespace sluice {

namespace {

enum class Source { block, file, text };

LuaModule& module_of(DirectiveUse& use) { return use.module_as<LuaModule>(); }

// LuaJIT shows at most 60 characters of a chunk's name; a long path loses its beginning.
std::string shown_path(const DirectiveUse& use) {
  std::string path = use.node.place.file != nullptr ? *use.node.place.file : std::string("command line");
  const std::string& base = use.block.builder().conf_prefix();
  if (path.starts_with(base)) path.erase(0, base.size());
  constexpr size_t kLongest = 30;
  if (path.size() > kLongest) path = concat("...", path.substr(path.size() - kLongest + 3));
  return path;
}

// The line that Lua's line 1 is.
uint32_t first_line(const ConfigNode& node) { return node.raw ? node.text_line : node.place.start_line; }

std::string script_name(const DirectiveUse& use) {
  std::string_view directive = use.row.name;
  directive = directive.substr(0, directive.find("_by_lua") + 7);
  return concat(directive, "(", shown_path(use), ":", first_line(use.node), ")");
}

Vm::Runs runs_of(const DirectiveUse& use) { return use.row.name.starts_with("init_") ? Vm::Runs::once : Vm::Runs::often; }

Result<LuaScript> compile_inline(DirectiveUse& use, std::string_view code) {
  LuaScript script;
  script.vm = &module_of(use).vm();
  script.name = script_name(use);
  script.first_line = first_line(use.node);
  if (trim(code).find_first_not_of("\r\n\t ") == std::string_view::npos) return use.error("invalid location config: no runnable Lua code");
  auto chunk = script.vm->compile(code, "=" + script.name, runs_of(use));
  if (!chunk) {
    ConfigPlace place = use.node.place;
    place.line = script.first_line + line_of_message(chunk.error().text, script.name) - 1;
    return config_error(place, concat("failed to load inlined Lua code: ", chunk.error().text));
  }
  script.chunk = *chunk;
  return script;
}

Result<LuaScript> compile_file(DirectiveUse& use, std::string_view path) {
  if (path.empty()) return use.error("invalid location config: no runnable Lua code");
  if (path.find('$') != std::string_view::npos) {
    return use.error(concat("variables in the path of a Lua file are not supported: \"", path, '"'));
  }
  ConfigBuilder& builder = use.block.builder();
  std::string full = builder.full_path(path);
  auto code = builder.files().read(full);
  if (!code) return use.error(concat("failed to load external Lua file \"", full, "\": ", code.error().text));
  LuaScript script;
  script.vm = &module_of(use).vm();
  script.name = script_name(use);
  script.first_line = first_line(use.node);
  auto chunk = script.vm->compile(*code, "@" + full, runs_of(use));
  if (!chunk) return use.error(concat("failed to load external Lua file \"", full, "\": ", chunk.error().text));
  script.chunk = *chunk;
  return script;
}

// compile_use takes the code from where the spelling has it; `argument` is its place for file and text.
template <Source S>
Result<LuaScript> compile_use(DirectiveUse& use, size_t argument = 0) {
  if constexpr (S == Source::block) return compile_inline(use, use.node.text);
  if constexpr (S == Source::file) return compile_file(use, use.arg(argument));
  return compile_inline(use, use.arg(argument));
}

template <auto Member, LuaPhase P, Source S>
Result<void> phase_hook(DirectiveUse& use) {
  TRY_ASSIGN(LuaScript script, compile_use<S>(use));
  use.conf_as<LuaConf>().*Member = std::make_shared<const LuaPhaseHook>(std::move(script), P);
  return {};
}

template <auto Member, class Filter, Source S>
Result<void> filter_hook(DirectiveUse& use) {
  TRY_ASSIGN(LuaScript script, compile_use<S>(use));
  use.conf_as<LuaConf>().*Member = std::make_shared<const Filter>(std::move(script));
  return {};
}

template <Source S>
Result<void> content_hook(DirectiveUse& use) {
  TRY_ASSIGN(LuaScript script, compile_use<S>(use));
  use.block.set_content(std::make_unique<LuaPhaseHook>(std::move(script), LuaPhase::content));
  return {};
}

template <Source S>
Result<void> set_hook(DirectiveUse& use) {
  std::string_view name = use.arg(0);
  if (name.size() < 2 || name[0] != '$') return use.error(concat("invalid variable name \"", name, '"'));
  ConfigBuilder& builder = use.block.builder();
  TRY_ASSIGN(const Variable* result, builder.define_variable(use.node.place, name.substr(1)));
  TRY_ASSIGN(LuaScript script, compile_use<S>(use, 1));
  for (size_t i = 2; S != Source::block && i < use.count(); ++i) {
    TRY_ASSIGN(ComplexValue argument, builder.compile(use.node.place, use.arg(i)));
    script.arguments.push_back(std::move(argument));
  }
  use.block.add_script(std::make_unique<LuaSetHook>(std::move(script), result));
  return {};
}

template <auto Member, Source S>
Result<void> process_hook(DirectiveUse& use) {
  LuaModule& module = module_of(use);
  if (module.*Member) return use.error("is duplicate");
  TRY_ASSIGN(LuaScript script, compile_use<S>(use));
  module.*Member = LuaModule::InitScript{std::move(script), use.node.place};
  return {};
}

std::unique_ptr<Balancer> make_balancer(const Upstream&, const void* script) {
  return std::make_unique<LuaBalancer>(*static_cast<const LuaScript*>(script));
}

template <Source S>
Result<void> balancer_hook(DirectiveUse& use) {
  TRY_ASSIGN(LuaScript script, compile_use<S>(use));
  return use.block.owner<UpstreamScope>().set_balancer(use, &make_balancer, module_of(use).keep(std::move(script)));
}

Result<void> add_shared_dict(DirectiveUse& use) {
  std::string name(use.arg(0));
  if (name.empty()) return use.error(concat("invalid lua shared dict name \"", name, '"'));
  auto bytes = parse_size(use.arg(1));
  if (!bytes || *bytes < Dict::kMinBytes) return use.error(concat("invalid lua shared dict size \"", use.arg(1), '"'));
  Vm& vm = module_of(use).vm();
  for (const auto& dict : vm.dicts()) {
    if (dict->name() == name || dict->name() == concat("lua_shared_dict ", name)) {
      return use.error(concat("lua_shared_dict \"", name, "\" is already defined as \"", name, '"'));
    }
  }
  ZoneSpec spec{concat("lua_shared_dict ", name), std::string(Dict::kLayout), *bytes};
  TRY_ASSIGN(std::shared_ptr<Zone> zone, use.block.builder().zone(use.node.place, spec));
  auto dict = Dict::open(std::move(zone));
  if (!dict) return use.error(dict.error().text);
  vm.add_dict(name, std::move(*dict));
  return {};
}

template <auto Member>
Result<void> setting_text(DirectiveUse& use) {
  module_of(use).settings.*Member = std::string(use.arg(0));
  return {};
}

template <auto Member>
Result<void> setting_number(DirectiveUse& use) {
  TRY_ASSIGN(uint64_t value, rows::number_value(use));
  module_of(use).settings.*Member = value;
  return {};
}

Result<void> code_cache(DirectiveUse& use) {
  TRY_ASSIGN(bool on, rows::flag_value(use));
  if (!on) return use.error("\"lua_code_cache off\" is not supported: Lua code changes with a reload of the configuration");
  return {};
}

Result<void> accept(DirectiveUse&) { return {}; }

constexpr uint32_t kAnyBlock = kHttp | kServer | kLocation | kLocationIf;
constexpr uint32_t kScripts = kServer | kServerIf | kLocation | kLocationIf;

constexpr Directive block(std::string_view name, uint32_t contexts, Result<void> (*apply)(DirectiveUse&), std::string_view help) {
  return {name, contexts, 0, 0, BlockShape::raw, Repeat::once, apply, nullptr, "", help};
}
constexpr Directive one(std::string_view name, uint32_t contexts, Result<void> (*apply)(DirectiveUse&), std::string_view default_text,
                        std::string_view help) {
  return {name, contexts, 1, 1, BlockShape::none, Repeat::once, apply, nullptr, default_text, help};
}

// The three spellings of a hook.
#define HOOK(NAME, CONTEXTS, HELP, ...)                                                              \
  block(NAME "_block", CONTEXTS, &__VA_ARGS__ Source::block>, HELP),                                 \
      one(NAME "_file", CONTEXTS, &__VA_ARGS__ Source::file>, "", "As " NAME "_block, from a file; counts from the prefix."), \
      one(NAME, CONTEXTS, &__VA_ARGS__ Source::text>, "", "As " NAME "_block, as a string; prefer the block.")

constexpr Directive kDirectives[] = {
    HOOK("init_by_lua", kHttp, "Runs once when a configuration is built, in every process.", process_hook<&LuaModule::init,),
    HOOK("init_worker_by_lua", kHttp, "Runs in each worker when it takes the configuration over.", process_hook<&LuaModule::init_worker,),
    HOOK("rewrite_by_lua", kAnyBlock, "Runs at the end of the rewrite phase; may wait.",
         phase_hook<&LuaConf::rewrite, LuaPhase::rewrite,),
    HOOK("access_by_lua", kAnyBlock, "Runs at the end of the access phase; may wait.", phase_hook<&LuaConf::access, LuaPhase::access,),
    HOOK("content_by_lua", kLocation | kLocationIf, "Makes the response; may wait.", content_hook<),
    HOOK("header_filter_by_lua", kAnyBlock, "Runs before the head of a response is sent.",
         filter_hook<&LuaConf::header_filter, LuaHeaderFilter,),
    HOOK("body_filter_by_lua", kAnyBlock, "Runs for every piece of a response's body.",
         filter_hook<&LuaConf::body_filter, LuaBodyFilter,),
    HOOK("log_by_lua", kAnyBlock, "Runs after the response, before the access log is written.",
         phase_hook<&LuaConf::log, LuaPhase::log,),
    block("balancer_by_lua_block", kUpstream, &balancer_hook<Source::block>, "Chooses the peer of every try with ngx.balancer."),
    one("balancer_by_lua_file", kUpstream, &balancer_hook<Source::file>, "", "As balancer_by_lua_block, from a file."),
    {"set_by_lua_block", kScripts, 1, 1, BlockShape::raw, Repeat::any, &set_hook<Source::block>, nullptr, "",
     "Gives a variable the value that the code returns, in the order of set, if and return."},
    {"set_by_lua_file", kScripts, 2, -1, BlockShape::none, Repeat::any, &set_hook<Source::file>, nullptr, "",
     "As set_by_lua_block, from a file; further arguments are ngx.arg[1], ..."},
    {"set_by_lua", kScripts, 2, -1, BlockShape::none, Repeat::any, &set_hook<Source::text>, nullptr, "",
     "As set_by_lua_block, as a string; further arguments are ngx.arg[1], ..."},

    {"lua_shared_dict", kHttp, 2, 2, BlockShape::none, Repeat::any, &add_shared_dict, nullptr, "",
     "A dictionary in shared memory, ngx.shared.NAME; keeps its contents over reloads."},
    one("lua_package_path", kHttp, &setting_text<&LuaSettings::package_path>, "",
        "Where require looks for Lua modules; ;; is the original path, $prefix the prefix."),
    one("lua_package_cpath", kHttp, &setting_text<&LuaSettings::package_cpath>, "", "Where require looks for C modules."),
    one("lua_code_cache", kAnyBlock, &code_cache, "on", "Only on: code changes with a reload."),
    rows::flag<&LuaConf::need_request_body>("lua_need_request_body", kAnyBlock, "off", "Reads the request body before Lua code runs."),
    rows::flag<&LuaConf::check_client_abort>("lua_check_client_abort", kAnyBlock, "off",
                                             "Ends waiting Lua code when the client closes its connection."),
    rows::flag<&LuaConf::use_default_type>("lua_use_default_type", kAnyBlock, "on",
                                           "Gives responses made by Lua the Content-Type of default_type."),
    rows::flag<&LuaConf::transform_underscores>("lua_transform_underscores_in_response_headers", kAnyBlock, "on",
                                                "Takes '_' for '-' in the names of ngx.header."),
    rows::flag<&LuaConf::http10_buffering>("lua_http10_buffering", kAnyBlock, "on",
                                           "Keeps a response to HTTP/1.0 back until its length is known."),
    one("lua_max_pending_timers", kHttp, &setting_number<&LuaSettings::max_pending_timers>, "1024",
        "How many timers may wait in a worker."),
    one("lua_max_running_timers", kHttp, &setting_number<&LuaSettings::max_running_timers>, "256",
        "How many timers may run at once in a worker; more are tried again soon."),
    one("lua_thread_cache_max_entries", kHttp, &setting_number<&LuaSettings::thread_cache_max_entries>, "1024",
        "How many finished Lua threads are kept for reuse."),
    one("lua_regex_cache_max_entries", kHttp, &setting_number<&LuaSettings::regex_cache_max_entries>, "1024",
        "How many compiled patterns are kept (option o of ngx.re)."),
    one("lua_regex_match_limit", kHttp, &setting_number<&LuaSettings::regex_match_limit>, "0",
        "Limit of steps for one match of ngx.re; 0 is PCRE's own."),
    one("lua_load_resty_core", kHttp, &accept, "on", "Accepted and without effect: what lua-resty-core adds is built in."),
    one("lua_malloc_trim", kHttp, &accept, "1000", "Accepted and without effect."),
    one("lua_sa_restart", kHttp, &accept, "on", "Accepted and without effect."),
};
#undef HOOK

}  // namespace

std::span<const Directive> lua_directives() { return kDirectives; }

}  // namespace sluice
