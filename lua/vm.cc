#include "vm.h"

#include <algorithm>

#include "api.h"
#include "fast_paths.h"
#include "lib_codec.h"
#include "lib_re.h"
#include "lib_shared.h"
#include "lib_time.h"
#include "timers.h"

namespace sluice {

namespace {

int add_traceback(lua_State* L) {
  const char* message = lua_tostring(L, 1);
  if (message == nullptr) message = "unknown reason";
  luaL_traceback(L, L, message, 1);
  return 1;
}

lua_State* new_state(Vm& vm) {
  lua_State* state = luaL_newstate();
  CHECK(state != nullptr);
  lua_setexdata(state, &vm);
  lua_setexdata2(state, nullptr);
  return state;
}

// Where the main state has add_traceback when no call is under way in it.
constexpr int kTraceback = 1;

// The fork's parameters for large programs, as OpenResty ships them.
void tune_jit(lua_State* L) {
  constexpr const char* kTune = "require('jit.opt').start('maxtrace=8000', 'maxrecord=16000', 'minstitch=3', 'maxmcode=40960')";
  if (luaL_dostring(L, kTune) != 0) lua_pop(L, 1);
}

void install_ngx(lua_State* L) {
  lua_createtable(L, 0, 128);
  install_constants(L);
  install_log(L);
  install_var(L);
  install_header(L);
  install_arg(L);
  install_output(L);
  install_control(L);
  install_request(L);
  install_request_body(L);
  install_worker(L);
  install_timer(L);
  install_re(L);
  install_codec(L);
  install_time(L);
  install_shared(L);
  install_missing(L);
  install_ctx(L);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "ngx");
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "ngx");
  lua_pop(L, 3);
}

// A loader for require() that reads through the build's FileSource, so that what init_by_lua needs is in the snapshot.
int load_from_build(lua_State* L) {
  Vm& vm = Vm::of(L);
  FileSource* files = vm.build_files();
  std::string_view name = text_at(L, 1);
  if (files == nullptr) {
    lua_pushliteral(L, "");
    return 1;
  }
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "path");
  int status = 0;
  {
    std::string path(text_at(L, -1));
    std::string file_name(name);
    std::replace(file_name.begin(), file_name.end(), '.', '/');
    bool found = false;
    for (size_t at = 0; at < path.size() && !found;) {
      size_t end = std::min(path.find(';', at), path.size());
      std::string candidate = path.substr(at, end - at);
      at = end + 1;
      size_t mark = candidate.find('?');
      if (mark == std::string::npos || !candidate.starts_with('/')) continue;
      candidate.replace(mark, 1, file_name);
      auto text = files->read(candidate);
      if (!text) continue;
      found = true;
      status = luaL_loadbuffer(L, text->data(), text->size(), ("@" + candidate).c_str());
      if (status != 0) lua_pushfstring(L, "error loading module '%s' from file '%s':\n\t%s", lua_tostring(L, 1), candidate.c_str(), lua_tostring(L, -1));
    }
    if (!found) lua_pushliteral(L, "");
  }
  return status == 0 ? 1 : lua_error(L);
}

// The loader stands behind package.preload and before the one that reads the disk.
void install_loader(lua_State* L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaders");
  for (int i = static_cast<int>(lua_objlen(L, -1)); i >= 2; --i) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushcfunction(L, load_from_build);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
}

// load_as_function pushes the code as the body of a function that takes nothing; false, and nothing is pushed, when it is none: it
// uses `...`, or is compiled already. A chunk as such takes `...`, and LuaJIT makes traces only of functions that do not.
bool load_as_function(lua_State* L, std::string_view code, const std::string& name) {
  if (code.starts_with(LUA_SIGNATURE[0])) return false;
  std::string wrapped = concat("return function() ", code, "\nend");
  if (luaL_loadbuffer(L, wrapped.data(), wrapped.size(), name.c_str()) == 0 && lua_pcall(L, 0, 1, 0) == 0) return true;
  lua_pop(L, 1);
  return false;
}

}  // namespace

Vm::Vm() : main_(new_state(*this)), slots_(main_), timers_(std::make_unique<LuaTimers>(*this)) {
  luaL_openlibs(main_);
  globals_ = lua_topointer(main_, LUA_GLOBALSINDEX);
  tune_jit(main_);
  lua_pushcfunction(main_, add_traceback);  // stays at kTraceback
  install_loader(main_);
  install_ngx(main_);
  install_coroutines(main_);
  install_balancer(main_);
  install_library(main_);
  install_fast_paths(main_);
}

Vm::~Vm() {
  timers_.reset();
  idle_threads_.clear();
  lua_close(main_);
}

Result<int> Vm::compile(std::string_view code, const std::string& name, Runs runs) {
  if (luaL_loadbuffer(main_, code.data(), code.size(), name.c_str()) != 0) {
    Error error(ErrorKind::config, lua_tostring(main_, -1), ErrorSource::config);
    lua_pop(main_, 1);
    return error;
  }
  if (runs == Runs::often && load_as_function(main_, code, name)) lua_replace(main_, -2);
  return luaL_ref(main_, LUA_REGISTRYINDEX);
}

void Vm::add_dict(const std::string& name, std::unique_ptr<Dict> dict) {
  lua_getglobal(main_, "ngx");
  lua_getfield(main_, -1, "shared");
  push_dict(main_, dict.get(), &drops_writes_);
  lua_setfield(main_, -2, name.c_str());
  lua_pop(main_, 2);
  dicts_.push_back(std::move(dict));
}

namespace {

std::string expand_path(std::string_view wanted, std::string_view original, std::string_view prefix) {
  std::string out;
  for (size_t at = 0; at < wanted.size();) {
    std::string_view rest = wanted.substr(at);
    if (rest.starts_with(";;")) {
      if (!out.empty()) out += ';';
      out += original;
      if (rest.size() > 2) out += ';';
      at += 2;
    } else if (rest.starts_with("$prefix") || rest.starts_with("${prefix}")) {
      out += prefix.substr(0, prefix.size() - 1);
      at += rest[1] == '{' ? 9 : 7;
    } else {
      out += rest[0];
      ++at;
    }
  }
  return out;
}

}  // namespace

void Vm::set_package_paths() {
  lua_getglobal(main_, "package");
  for (auto [field, wanted] : {std::pair{"path", &settings.package_path}, std::pair{"cpath", &settings.package_cpath}}) {
    if (wanted->empty()) continue;
    lua_getfield(main_, -1, field);
    std::string value = expand_path(*wanted, lua_tostring(main_, -1), prefix);
    lua_pop(main_, 1);
    push_text(main_, value);
    lua_setfield(main_, -2, field);
  }
  lua_pop(main_, 1);
}

void Vm::open_build(ConfigBuilder& builder) {
  files_ = &builder.files();
  drops_writes_ = builder.role() == BuildRole::replay;
  set_package_paths();
}

void Vm::close_build() {
  files_ = nullptr;
  drops_writes_ = false;
}

Result<void> Vm::run(int chunk, LuaCall& with, int results) {
  LuaCallScope scope(*this, with);
  lua_State* L = main_;
  const bool nested = runs_ > 0;  // then index 1 belongs to the call that is under way
  int handler = kTraceback;
  if (nested) {
    lua_pushcfunction(L, add_traceback);
    handler = lua_gettop(L);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, chunk);
  ++runs_;
  int status = lua_pcall(L, 0, results, handler);
  --runs_;
  count_hook();
  if (nested) lua_remove(L, handler);
  if (status == 0) return {};
  return take_failure();
}

Error Vm::take_failure() {
  const char* message = lua_tostring(main_, -1);
  Error error(ErrorKind::internal, message != nullptr ? message : "unknown reason");
  lua_pop(main_, 1);
  return error;
}

// A cycle of the collector walks all that lives, so that in a small heap cycles would come too often: at least kSlackKb are made between
// two. Lua code that has set a pause of its own keeps it.
void Vm::watch_heap() {
  constexpr uint32_t kLooksPerChange = 64;
  constexpr int kSlackKb = 2048, kLeastPause = 200, kMostPause = 1000;
  const int heap_kb = lua_gc(main_, LUA_GCCOUNT, 0);
  least_kb_ = std::min(least_kb_, heap_kb);
  // A heap that has grown at once must not be multiplied by the pause of the small one it was.
  if (heap_kb > 8 * kSlackKb) set_pause(kLeastPause);
  if (++looks_ % kLooksPerChange != 0) return;
  set_pause(std::clamp(100 + 100 * kSlackKb / std::max(least_kb_, 1), kLeastPause, kMostPause));
  least_kb_ = INT32_MAX;
}

void Vm::set_pause(int pause) {
  if (pause == pause_) return;
  const int found = lua_gc(main_, LUA_GCSETPAUSE, pause);
  if (found == pause_) pause_ = pause;
  else lua_gc(main_, LUA_GCSETPAUSE, found);
}

LuaThread* Vm::acquire() {
  if (idle_threads_.empty()) return std::make_unique<LuaThread>(*this).release();
  LuaThread* thread = idle_threads_.back().release();
  idle_threads_.pop_back();
  return thread;
}

void Vm::release(LuaThread* thread) {
  std::unique_ptr<LuaThread> owned(thread);
  owned->reset();
  count_hook();
  if (idle_threads_.size() < settings.thread_cache_max_entries) idle_threads_.push_back(std::move(owned));
}

LuaRequest& Vm::request(Exchange& exchange) {
  void*& slot = exchange.slot(exchange_slot);
  if (slot == nullptr) slot = exchange.arena().make<LuaRequest>(*this, exchange);
  return *static_cast<LuaRequest*>(slot);
}

std::string* Vm::take_buffer() {
  if (idle_buffers_.empty()) {
    auto fresh = std::make_unique<std::string>();
    fresh->reserve(4096);
    return fresh.release();
  }
  std::string* buffer = idle_buffers_.back().release();
  idle_buffers_.pop_back();
  return buffer;
}

void Vm::give_buffer(std::string* buffer) {
  constexpr size_t kKeptBytes = 64 * 1024;
  constexpr size_t kKeptBuffers = 1024;
  std::unique_ptr<std::string> owned(buffer);
  owned->clear();
  if (owned->capacity() <= kKeptBytes && idle_buffers_.size() < kKeptBuffers) idle_buffers_.push_back(std::move(owned));
}

namespace {

class PlainContext final : public LogContext {
 public:
  explicit PlainContext(LuaPhase phase) : phase_(phase) {}
  uint64_t log_connection() const override { return 0; }
  void append_log_context(std::string& line) const override { line += concat(", context: ", phase_directive(phase_)); }

 private:
  LuaPhase phase_;
};

}  // namespace

void Vm::write_log(LogLevel level, std::string_view text) const {
  if (drops_writes_) return;
  if (call_->exchange != nullptr) return call_->exchange->log().write(level, text, call_->exchange);
  if (call_->phase == LuaPhase::init) return Logger::process().write(level, text);
  PlainContext context(call_->phase);
  Logger::process().write(level, text, &context);
}

}  // namespace sluice
