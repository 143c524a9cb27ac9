// LuaThread: one recycled Lua coroutine that runs a hook which may wait, and the loop that resumes it.
//
// Scheduling is flat, as in OpenResty: coroutines that Lua code makes are never resumed from inside one another but by this loop, so
// that a function which waits (ngx.sleep) reaches the loop from any depth of nesting.
//
//     hook --start--> run: lua_resume(current) --+--> ended / failed            (the entry function returned or raised)
//                       ^                        +--> left                      (ngx.exit, exec, redirect: never resumed again)
//                       |                        +--> coroutine.resume / yield  (switch `current`, go on)
//                       +------ resume ----------+--> waiting                   (what for is in `sleep_until` or `task`)
#pragma once

#include <optional>
#include <string>

#include <sluice/event/event_loop.h>
#include <sluice/event/task.h>

#include "lua_headers.h"
#include "vm.h"

namespace sluice {

// A Lua coroutine as the loop sees it; the `exdata2` of its lua_State.
struct LuaCoroutine {
  lua_State* state = nullptr;
  LuaCoroutine* parent = nullptr;  // who resumed it; null while it does not run
  int anchor = LUA_NOREF;          // keeps it from being collected while it is taken; an entry function's thread always has one

  // taken: it is running, asleep or waiting for a coroutine that it resumed, in any thread; nobody may resume it.
  bool taken() const { return anchor != LUA_NOREF; }
};

class LuaThread {
 public:
  enum class Step { ended, failed, waiting, left };
  // What the C function that yielded last wants.
  enum class Ask { nothing, sleep, task, switch_in, switch_out, exit, reroute, internal, named };

  LuaThread(Vm& vm);
  ~LuaThread();
  LuaThread(const LuaThread&) = delete;
  LuaThread& operator=(const LuaThread&) = delete;

  lua_State* state() const { return entry_.state; }
  // start runs the function and its `arguments` on state()'s stack until it ends or waits.
  Step start(const LuaCall& call, int arguments);
  // wait_out serves what the thread waits for, again and again, until it has ended. REQUIRES: the last step was `waiting`.
  Task<Step> wait_out();
  // reset makes the thread ready for another function; whatever it did is forgotten and never resumed. Cheap when the function has
  // returned.
  void reset();

  // For C functions; each is to be returned: `return thread.wait_sleep(L, deadline);`
  int wait_sleep(lua_State* L, Tick deadline);
  // wait_task waits for the task; then `after` pushes what the C function gives back. Without `after` an error of the task ends the
  // request with its status.
  using After = int (*)(lua_State* L, LuaThread& thread, Result<void>& result);
  int wait_task(lua_State* L, Task<Result<void>> task, After after);
  int leave(lua_State* L, Ask how, int code = 0);

  // coroutine.* (coroutines.cc)
  int resume_coroutine(lua_State* L);
  int yield_coroutine(lua_State* L);
  const char* status_of(lua_State* L, lua_State* other) const;

  // ngx.ctx of a thread without a request (a timer).
  void push_ctx(lua_State* L);
  void set_ctx(lua_State* L);  // takes the table on the top of the stack

  Ask ask() const { return ask_; }
  int exit_code() const { return exit_code_; }
  const std::string& failure() const { return failure_; }  // after `failed`: message and traceback
  const LuaCall& call() const { return call_; }
  Vm& vm() const { return vm_; }

 private:
  Step run(int arguments);
  Step resume(int results);
  int enter(LuaCoroutine& child);
  int back_to_parent(bool ok, int values);
  void describe_failure(lua_State* L);
  void forget();

  Vm& vm_;
  LuaCall call_;
  LuaCoroutine entry_;
  LuaCoroutine* current_ = nullptr;
  LuaCoroutine* target_ = nullptr;  // of switch_in
  Ask ask_ = Ask::nothing;
  bool ended_ = false;  // the entry function has returned
  int exit_code_ = 0;
  int ctx_ = LuaSlots::kNone;
  Tick sleep_until_ = 0;
  std::optional<Task<Result<void>>> task_;
  After after_ = nullptr;
  std::string failure_;
};

// LuaThreadOwner gives the thread back when it goes: also when the waiting task is destroyed because the client has gone.
class LuaThreadOwner {
 public:
  explicit LuaThreadOwner(LuaThread* thread) : thread_(thread) {}
  LuaThreadOwner(LuaThreadOwner&& other) noexcept : thread_(std::exchange(other.thread_, nullptr)) {}
  LuaThreadOwner& operator=(LuaThreadOwner&&) = delete;
  ~LuaThreadOwner() { release(); }
  LuaThread* operator->() const { return thread_; }
  LuaThread& operator*() const { return *thread_; }
  void release() {
    if (LuaThread* thread = std::exchange(thread_, nullptr)) thread->vm().release(thread);
  }

 private:
  LuaThread* thread_;
};

}  // namespace sluice
