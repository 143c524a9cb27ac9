// Vm: the Lua state of one generation, with everything that lives as long: its shared dictionaries, its pool of recycled threads, its
// timers. Made on the builder's thread, used on the loop's thread afterwards; never on both at once.
//
// The VM's address is the `exdata` of every lua_State in it, so that a C function finds it without a look-up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/file_source.h>
#include <sluice/server/builder.h>
#include <sluice/server/exchange.h>
#include <sluice/server/process_context.h>
#include <sluice/shm/dict.h>
#include <sluice/upstream/upstream.h>

#include "known.h"
#include "lua_headers.h"
#include "phase.h"
#include "slots.h"

namespace sluice {

class LuaThread;
class LuaTimers;
struct LuaRequest;
struct LuaScript;

// What runs now: set around every entry into Lua, so that a C function knows its request and phase.
struct LuaCall {
  LuaPhase phase = LuaPhase::init;
  Exchange* exchange = nullptr;         // null outside of requests
  LuaThread* thread = nullptr;          // null where Lua may not wait
  const LuaScript* script = nullptr;    // set_by_lua: its arguments
  BodyPiece* piece = nullptr;           // body_filter
  UpstreamRequest* upstream = nullptr;  // balancer
  int exit_code = -1000;                // header_filter, balancer: what ngx.exit said; kNoExit: nothing
  static constexpr int kNoExit = -1000;
};

// Values of directives of the http level.
struct LuaSettings {
  std::string package_path;
  std::string package_cpath;
  uint64_t max_pending_timers = 1024;
  uint64_t max_running_timers = 256;
  uint64_t thread_cache_max_entries = 1024;
  uint64_t regex_cache_max_entries = 1024;
  uint64_t regex_match_limit = 0;
};

class Vm {
 public:
  Vm();
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  static Vm& of(lua_State* L) { return *static_cast<Vm*>(lua_getexdata(L)); }

  lua_State* main() const { return main_; }
  LuaCall& call() const { return *call_; }
  LuaSettings settings;
  uint32_t exchange_slot = 0;
  uint32_t conf_slot = 0;
  ProcessContext* process = nullptr;    // null while building
  const Generation* generation = nullptr;
  bool retired = false;
  std::string prefix;
  LuaTimers& timers() { return *timers_; }
  LuaSlots& slots() { return slots_; }
  // What is known about strings of Lua code.
  LuaKnown known;

  // compile keeps a chunk; `name` as Lua wants it ("=content_by_lua(proxy.conf:44)", "@/path"). Gives a registry reference. What runs
  // often is made a function, which LuaJIT can compile as a whole; a chunk it cannot. Errors: Lua's text, without a place.
  enum class Runs { once, often };
  Result<int> compile(std::string_view code, const std::string& name, Runs runs);

  // add_dict makes ngx.shared.NAME.
  void add_dict(const std::string& name, std::unique_ptr<Dict> dict);
  const std::vector<std::unique_ptr<Dict>>& dicts() const { return dicts_; }

  // open_build applies the settings; require() reads through `files` until close_build.
  // With replay, writes to dictionaries and logs are dropped.
  void open_build(ConfigBuilder& builder);
  void close_build();
  FileSource* build_files() const { return files_; }
  bool drops_logs() const { return drops_writes_; }

  // run calls the chunk without a chance to wait. The results, `results` of them, are left on main()'s stack: the caller pops them.
  // On failure the text is the message with its traceback and nothing is left. Afterwards `with.exit_code` is what ngx.exit said.
  Result<void> run(int chunk, LuaCall& with, int results);

  // A recycled Lua thread and its return.
  LuaThread* acquire();
  void release(LuaThread* thread);

  // request finds or makes the state of the exchange.
  LuaRequest& request(Exchange& exchange);
  LuaRequest* find_request(Exchange& exchange) { return static_cast<LuaRequest*>(exchange.slot(exchange_slot)); }

  // globals is the address of the table of global variables, for comparison.
  const void* globals() const { return globals_; }

  // Recycled output buffers.
  std::string* take_buffer();
  void give_buffer(std::string* buffer);

  Logger& log() const { return call_->exchange != nullptr ? call_->exchange->log() : Logger::process(); }
  // write_log writes with the context of what runs now; nothing while the build drops it.
  void write_log(LogLevel level, std::string_view text) const;

 private:
  friend class LuaCallScope;

  void set_package_paths();
  Error take_failure();
  void count_hook() {
    constexpr uint32_t kHooksPerLook = 64;
    if (++hooks_ % kHooksPerLook == 0) watch_heap();
  }
  void watch_heap();
  void set_pause(int pause);

  LuaCall no_call_;
  LuaCall* call_ = &no_call_;
  lua_State* main_;
  LuaSlots slots_;
  const void* globals_ = nullptr;
  int runs_ = 0;  // how deep run() is nested
  uint32_t hooks_ = 0;
  uint32_t looks_ = 0;
  int least_kb_ = INT32_MAX;  // of the looks since the collector's pause was set
  int pause_ = 200;           // in percent; LuaJIT's default
  FileSource* files_ = nullptr;
  bool drops_writes_ = false;
  std::unique_ptr<LuaTimers> timers_;
  std::vector<std::unique_ptr<Dict>> dicts_;
  std::vector<std::unique_ptr<LuaThread>> idle_threads_;
  std::vector<std::unique_ptr<std::string>> idle_buffers_;
};

// LuaCallScope makes `with`, which must outlive it, current and restores what was.
class LuaCallScope {
 public:
  LuaCallScope(Vm& vm, LuaCall& with) : vm_(vm), saved_(std::exchange(vm.call_, &with)) {}
  ~LuaCallScope() { vm_.call_ = saved_; }
  LuaCallScope(const LuaCallScope&) = delete;
  LuaCallScope& operator=(const LuaCallScope&) = delete;

 private:
  Vm& vm_;
  LuaCall* saved_;
};

}  // namespace sluice
