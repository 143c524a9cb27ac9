#include "lua_module.h"

#include <dlfcn.h>

#include <algorithm>

#include "lib_re.h"
#include "lua_conf.h"
#include "timers.h"

namespace sluice {

namespace {

// C libraries for Lua (cjson) expect Lua's symbols in the global scope; lua.so itself stays local, so that it can be replaced.
void share_luajit() {
  void* library = dlopen("libluajit-5.1.so.2", RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
  if (library == nullptr) LOG(Logger::process(), warn, "libluajit is not shared with C libraries for Lua: ", dlerror());
}

// OpenResty's script name is in front of messages of other places too, so that the block is always known. The place goes with the
// message, the traceback under it.
Error init_error(const LuaModule::InitScript& init, std::string_view failure) {
  const size_t end = std::min(failure.find('\n'), failure.size());
  std::string_view message = failure.substr(0, end);
  const bool named = message.starts_with(concat(init.script.name, ":"));
  ConfigPlace place = init.place;
  if (named) place.line = init.script.first_line + line_of_message(message, init.script.name) - 1;
  Error error = config_error(place, named ? std::string(message) : concat(init.script.name, ": ", message));
  error.text += failure.substr(end);
  return error;
}

}  // namespace

LuaModule::LuaModule() = default;
LuaModule::~LuaModule() { sweeper_.cancel(); }

void LuaModule::declare(ModuleDeclarations& declarations) {
  declarations.directives(lua_directives());
  conf_slot_ = declarations.location_conf<LuaConf>();
  exchange_slot_ = declarations.exchange_slot(this);
}

uint64_t LuaModule::pack(void* request) const {
  auto& from = *static_cast<LuaRequest*>(request);
  return uint64_t{from.ctx_redirects} << 32 | static_cast<uint32_t>(std::exchange(from.ctx, LuaSlots::kNone));
}

void LuaModule::unpack(Exchange& exchange, uint64_t kept) const {
  LuaRequest& to = vm_->request(exchange);
  to.ctx = static_cast<int>(static_cast<uint32_t>(kept));
  to.ctx_redirects = static_cast<uint32_t>(kept >> 32);
}

Vm& LuaModule::vm() {
  if (vm_ == nullptr) {
    share_luajit();
    vm_ = std::make_unique<Vm>();
    vm_->conf_slot = conf_slot_;
    vm_->exchange_slot = exchange_slot_;
  }
  return *vm_;
}

const LuaScript* LuaModule::keep(LuaScript script) {
  kept_.push_back(std::make_unique<LuaScript>(std::move(script)));
  return kept_.back().get();
}

Result<void> LuaModule::finish_location(BlockScope& scope, const void* conf) {
  const auto& values = *static_cast<const LuaConf*>(conf);
  if (values.rewrite) scope.add_handler(Phase::rewrite, HandlerOrder::tail, values.rewrite);
  if (values.access) scope.add_handler(Phase::access, HandlerOrder::tail, values.access);
  if (values.log) scope.add_handler(Phase::log, HandlerOrder::normal, values.log);
  if (values.header_filter) scope.add_header_filter(FilterOrder::script, values.header_filter);
  if (values.body_filter) scope.add_body_filter(FilterOrder::script, values.body_filter);
  return {};
}

Result<void> LuaModule::check(ConfigBuilder& builder) {
  Vm& lua = vm();
  lua.settings = settings;
  lua.prefix = builder.prefix();
  set_regex_cache_entries(lua.main(), settings.regex_cache_max_entries);
  set_regex_match_limit(lua.main(), static_cast<uint32_t>(settings.regex_match_limit));
  lua.open_build(builder);
  Result<void> ran;
  if (init) {
    builder.progress(concat("running ", init->script.name));
    LuaCall call;
    ran = lua.run(init->script.chunk, call, 0);
  }
  lua.close_build();
  if (!ran.ok()) return init_error(*init, ran.error().text);
  return {};
}

Result<void> LuaModule::start(ProcessContext& process, const Generation& generation) {
  Vm& lua = vm();
  lua.process = &process;
  lua.generation = &generation;
  if (process.does_chores() && !lua.dicts().empty()) sweeper_.start(sweep_dicts());
  if (!process.serves() || !init_worker) return {};
  LuaCall call;
  call.phase = LuaPhase::init_worker;
  Result<void> ran = lua.run(init_worker->script.chunk, call, 0);
  if (!ran.ok()) LOG(Logger::process(), error, "init_worker_by_lua error: ", ran.error().text);
  return {};
}

void LuaModule::retire() {
  sweeper_.cancel();
  if (vm_ == nullptr) return;
  vm_->retired = true;
  vm_->timers().retire();
}

// Expired entries are freed bit by bit, so that a dictionary nobody asks for does not stay full of them.
Task<void> LuaModule::sweep_dicts() {
  constexpr Milliseconds kPause{1000};
  constexpr size_t kEntriesPerTurn = 200;
  for (;;) {
    co_await sleep_for(kPause);
    for (const auto& dict : vm_->dicts()) dict->flush_expired(kEntriesPerTurn);
  }
}

}  // namespace sluice

SLUICE_MODULE(sluice::LuaModule, "lua", "OpenResty's Lua phases and ngx API on LuaJIT")
