#include "timers.h"

#include <algorithm>

#include "api.h"

namespace sluice {

namespace {

// More do not fit on the stack of the thread that runs the function.
constexpr int kMostValues = 4000;

}  // namespace

// One timer. The function and its arguments wait in a Lua table: {n = count, function, arguments...}.
class LuaTimers::Entry final : private Timer {
 public:
  Entry(LuaTimers& owner, int table, Milliseconds period) : owner_(owner), table_(table), period_(period) {}
  ~Entry() override {
    flow_.cancel();
    luaL_unref(owner_.vm_.main(), LUA_REGISTRYINDEX, table_);
  }

  void begin(Milliseconds delay) {
    waits_ = true;
    ++owner_.pending_;
    owner_.update_hold();
    arm(Clock::of_thread().now() + std::max<Tick>(static_cast<Tick>(delay.count()), 1));
  }
  bool waits() const { return waits_; }
  bool is_running() const { return flow_.running(); }
  // fire_early is what retirement does to a waiting timer.
  void fire_early() {
    cancel();
    period_ = Milliseconds(0);
    fire(true);
  }

 private:
  void on_timer() override { fire(false); }

  void fire(bool premature) {
    waits_ = false;
    --owner_.pending_;
    if (owner_.running_ >= owner_.vm_.settings.max_running_timers && !premature) return postpone();
    ++owner_.running_;
    owner_.update_hold();
    flow_.start(run(premature), &ended, this);
  }

  // Over the limit of running timers the function is not lost: it is tried again.
  void postpone() {
    constexpr Milliseconds kRetry{100};
    LOG(Logger::process(), alert, owner_.vm_.settings.max_running_timers, " lua_max_running_timers are not enough");
    begin(kRetry);
  }

  static void ended(void* self) {
    auto& entry = *static_cast<Entry*>(self);
    LuaTimers& owner = entry.owner_;
    --owner.running_;
    if (entry.period_.count() > 0 && !owner.vm_.retired) return entry.begin(entry.period_);
    owner.forget(entry);
    owner.update_hold();
  }

  int push_function(lua_State* L, bool premature) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, table_);
    int table = lua_gettop(L);
    lua_getfield(L, table, "n");
    int count = static_cast<int>(lua_tointeger(L, -1));
    lua_pop(L, 1);
    lua_checkstack(L, count + 2);
    lua_rawgeti(L, table, 1);
    lua_pushboolean(L, premature);
    for (int i = 2; i <= count; ++i) lua_rawgeti(L, table, i);
    lua_remove(L, table);
    return count;
  }

  Task<void> run(bool premature) {
    Vm& vm = owner_.vm_;
    LuaThreadOwner thread(vm.acquire());
    LuaCall call;
    call.phase = LuaPhase::timer;
    int arguments = push_function(thread->state(), premature);
    LuaThread::Step step = thread->start(call, arguments);
    if (step == LuaThread::Step::waiting) step = co_await thread->wait_out();
    if (step == LuaThread::Step::failed) {
      LuaCallScope scope(vm, call);
      vm.write_log(LogLevel::error, concat("lua entry thread aborted: runtime error: ", thread->failure()));
    }
  }

  LuaTimers& owner_;
  int table_;
  Milliseconds period_;
  bool waits_ = false;
  Flow flow_;
};

LuaTimers::LuaTimers(Vm& vm) : vm_(vm) {}
LuaTimers::~LuaTimers() = default;

void LuaTimers::forget(Entry& entry) {
  auto at = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.get() == &entry; });
  if (at == entries_.end()) return;
  std::swap(*at, entries_.back());
  entries_.pop_back();
}

void LuaTimers::update_hold() {
  const bool wanted = running_ > 0 || (vm_.retired && pending_ > 0);
  if (wanted == holds_) return;
  holds_ = wanted;
  if (wanted) {
    vm_.process->hold(*vm_.generation);
  } else {
    vm_.process->let_go(*vm_.generation);
  }
}

const char* LuaTimers::add(lua_State* L, int first, Milliseconds delay, Repeat repeat) {
  if ((vm_.retired || vm_.process->exiting) && delay.count() > 0) return "process exiting";
  if (pending_ >= vm_.settings.max_pending_timers) return "too many pending timers";
  int count = lua_gettop(L) - first + 1;
  if (count > kMostValues) return "too many arguments";
  lua_createtable(L, count, 1);
  int table = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, first + i - 1);
    lua_rawseti(L, table, i);
  }
  lua_pushinteger(L, count);
  lua_setfield(L, table, "n");
  int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  entries_.push_back(std::make_unique<Entry>(*this, reference, repeat == Repeat::every ? delay : Milliseconds(0)));
  entries_.back()->begin(delay);
  return nullptr;
}

void LuaTimers::retire() {
  std::vector<Entry*> waiting;
  for (const auto& entry : entries_) {
    if (entry->waits()) waiting.push_back(entry.get());
  }
  for (Entry* entry : waiting) entry->fire_early();
}

namespace {

Milliseconds delay_at(lua_State* L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  if (!(seconds >= 0)) luaL_error(L, "delay cannot be negative");
  constexpr lua_Number kLongestSeconds = 1e9;
  return Milliseconds(static_cast<int64_t>(std::min(seconds, kLongestSeconds) * 1000.0 + 0.5));
}

int add_timer(lua_State* L, LuaTimers::Repeat repeat) {
  Vm& vm = Vm::of(L);
  if (vm.call().phase == LuaPhase::init || vm.process == nullptr) return luaL_error(L, "no request");
  Milliseconds delay = delay_at(L);
  if (repeat == LuaTimers::Repeat::every && delay.count() == 0) return luaL_error(L, "delay cannot be zero");
  if (lua_type(L, 2) != LUA_TFUNCTION || lua_iscfunction(L, 2) != 0) return luaL_argerror(L, 2, "Lua function expected");
  const char* refusal = vm.timers().add(L, 2, delay, repeat);
  if (refusal != nullptr) return push_failure(L, refusal);
  lua_pushinteger(L, 1);
  return 1;
}

int at(lua_State* L) { return add_timer(L, LuaTimers::Repeat::once); }
int every(lua_State* L) { return add_timer(L, LuaTimers::Repeat::every); }

int running_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(Vm::of(L).timers().running()));
  return 1;
}

int pending_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(Vm::of(L).timers().pending()));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"at", at}, {"every", every}, {"running_count", running_count}, {"pending_count", pending_count}, {nullptr, nullptr}};

}  // namespace

void install_timer(lua_State* L) {
  lua_newtable(L);
  set_functions(L, kFunctions);
  lua_setfield(L, -2, "timer");
}

}  // namespace sluice
