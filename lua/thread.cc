#include "thread.h"

#include <sluice/server/exchange.h>

namespace sluice {

LuaThread::LuaThread(Vm& vm) : vm_(vm) {
  lua_State* main = vm.main();
  entry_.state = lua_newthread(main);
  entry_.anchor = luaL_ref(main, LUA_REGISTRYINDEX);
  forget();
}

LuaThread::~LuaThread() { luaL_unref(vm_.main(), LUA_REGISTRYINDEX, entry_.anchor); }

// What setfenv(0, ...) has done to the thread is nobody else's.
void LuaThread::reset() {
  if (ctx_ != LuaSlots::kNone) vm_.slots().drop(ctx_);
  if (!ended_ || lua_topointer(entry_.state, LUA_GLOBALSINDEX) != vm_.globals()) return forget();
  if (lua_gettop(entry_.state) != 0) lua_settop(entry_.state, 0);
  ended_ = false;
}

void LuaThread::forget() {
  while (current_ != nullptr && current_ != &entry_) {
    LuaCoroutine* gone = current_;
    current_ = gone->parent;
    gone->parent = nullptr;
    luaL_unref(vm_.main(), LUA_REGISTRYINDEX, std::exchange(gone->anchor, LUA_NOREF));
  }
  task_.reset();
  lua_resetthread(vm_.main(), entry_.state);
  lua_setexdata2(entry_.state, &entry_);
  current_ = &entry_;
  ask_ = Ask::nothing;
  ended_ = false;
  call_ = LuaCall();
  failure_.clear();
}

LuaThread::Step LuaThread::start(const LuaCall& call, int arguments) {
  call_ = call;
  call_.thread = this;
  return run(arguments);
}

Task<LuaThread::Step> LuaThread::wait_out() {
  Step step = Step::waiting;
  while (step == Step::waiting) {
    if (ask_ == Ask::sleep) {
      co_await sleep_until(sleep_until_);
      step = resume(0);
      continue;
    }
    Result<void> result = co_await std::move(*task_);
    task_.reset();
    if (after_ == nullptr && !result.ok()) {
      ask_ = Ask::exit;
      exit_code_ = error_status(result.error());
      co_return Step::left;
    }
    step = resume(after_ == nullptr ? 0 : after_(current_->state, *this, result));
  }
  co_return step;
}

LuaThread::Step LuaThread::resume(int results) { return run(results); }

LuaThread::Step LuaThread::run(int arguments) {
  LuaCallScope scope(vm_, call_);
  for (;;) {
    ask_ = Ask::nothing;
    lua_State* state = current_->state;
    int status = lua_resume(state, arguments);
    if (status == 0) {
      if (current_ == &entry_) {
        ended_ = true;
        return Step::ended;
      }
      arguments = back_to_parent(true, lua_gettop(state));
    } else if (status != LUA_YIELD) {
      if (current_ == &entry_) {
        describe_failure(state);
        return Step::failed;
      }
      arguments = back_to_parent(false, 1);
    } else if (ask_ == Ask::switch_in) {
      arguments = enter(*target_);
    } else if (ask_ == Ask::switch_out && current_ != &entry_) {
      arguments = back_to_parent(true, lua_gettop(state));
    } else if (ask_ == Ask::switch_out) {
      lua_settop(state, 0);
      ask_ = Ask::sleep;
      sleep_until_ = 0;
      return Step::waiting;
    } else {
      return ask_ == Ask::sleep || ask_ == Ask::task ? Step::waiting : Step::left;
    }
  }
}

// enter makes the child current, keeps it alive and hands it the values that its parent yielded. The anchor waits until here because
// the yield before may have failed: a coroutine that has one belongs to a chain.
int LuaThread::enter(LuaCoroutine& child) {
  lua_State* from = current_->state;
  lua_pushthread(child.state);
  child.anchor = luaL_ref(child.state, LUA_REGISTRYINDEX);
  int values = lua_gettop(from);
  lua_xmove(from, child.state, values);
  child.parent = current_;
  current_ = &child;
  return lua_status(child.state) == LUA_YIELD ? values : lua_gettop(child.state) - 1;
}

// back_to_parent moves `values` from the current coroutine to the one that resumed it, behind `ok`; more than fit are an error there.
int LuaThread::back_to_parent(bool ok, int values) {
  LuaCoroutine* child = current_;
  current_ = child->parent;
  child->parent = nullptr;
  lua_State* parent = current_->state;
  if (lua_checkstack(parent, values + 1) == 0) {
    lua_settop(child->state, 0);
    lua_pushliteral(child->state, "too many results to resume");
    ok = false;
    values = 1;
  }
  lua_pushboolean(parent, ok);
  lua_xmove(child->state, parent, values);
  luaL_unref(vm_.main(), LUA_REGISTRYINDEX, std::exchange(child->anchor, LUA_NOREF));
  return values + 1;
}

void LuaThread::describe_failure(lua_State* L) {
  lua_State* main = vm_.main();
  const char* message = lua_tostring(L, -1);
  luaL_traceback(main, L, nullptr, 0);
  std::string_view trace = lua_tostring(main, -1);
  constexpr std::string_view kHeading = "stack traceback:";
  if (trace.starts_with(kHeading)) trace.remove_prefix(kHeading.size());
  failure_ = concat(message != nullptr ? message : "unknown reason", "\nstack traceback:\ncoroutine 0:", trace);
  lua_pop(main, 1);
}

int LuaThread::wait_sleep(lua_State* L, Tick deadline) {
  ask_ = Ask::sleep;
  sleep_until_ = deadline;
  return lua_yield(L, 0);
}

int LuaThread::wait_task(lua_State* L, Task<Result<void>> task, After after) {
  ask_ = Ask::task;
  task_.emplace(std::move(task));
  after_ = after;
  return lua_yield(L, 0);
}

int LuaThread::leave(lua_State* L, Ask how, int code) {
  ask_ = how;
  exit_code_ = code;
  return lua_yield(L, 0);
}

void LuaThread::push_ctx(lua_State* L) {
  if (ctx_ == LuaSlots::kNone) {
    lua_newtable(L);
    ctx_ = vm_.slots().put(L);
  }
  vm_.slots().push(L, ctx_);
}

void LuaThread::set_ctx(lua_State* L) {
  if (ctx_ != LuaSlots::kNone) vm_.slots().drop(ctx_);
  ctx_ = vm_.slots().put(L);
}

namespace {

bool is_dead(lua_State* state) {
  int status = lua_status(state);
  if (status == LUA_YIELD) return false;
  return status != 0 || lua_gettop(state) == 0;
}

int refuse(lua_State* L, const char* text) {
  lua_pushboolean(L, 0);
  lua_pushstring(L, text);
  return 2;
}

}  // namespace

int LuaThread::resume_coroutine(lua_State* L) {
  lua_State* other = lua_tothread(L, 1);
  auto* child = static_cast<LuaCoroutine*>(lua_getexdata2(other));
  if (child == current_) return refuse(L, "cannot resume running coroutine");
  if (child == nullptr || child->taken()) return refuse(L, "cannot resume normal coroutine");
  if (is_dead(other)) return refuse(L, "cannot resume dead coroutine");
  int values = lua_gettop(L) - 1;
  if (lua_checkstack(other, values + 2) == 0) return luaL_error(L, "too many arguments to resume");
  target_ = child;
  ask_ = Ask::switch_in;
  return lua_yield(L, values);
}

int LuaThread::yield_coroutine(lua_State* L) {
  ask_ = Ask::switch_out;
  return lua_yield(L, lua_gettop(L));
}

const char* LuaThread::status_of(lua_State* L, lua_State* other) const {
  if (other == L) return "running";
  const auto* coroutine = static_cast<LuaCoroutine*>(lua_getexdata2(other));
  if (coroutine != nullptr && coroutine->taken()) return "normal";
  return is_dead(other) ? "dead" : "suspended";
}

}  // namespace sluice
