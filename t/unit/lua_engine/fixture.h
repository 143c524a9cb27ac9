// A Lua VM on an event loop of its own, without a server: code runs as a timer's does, so that it may wait.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <sluice/event/event_loop.h>
#include <sluice/server/generation.h>
#include <sluice/server/process_context.h>

#include "api.h"
#include "thread.h"
#include "timers.h"
#include "vm.h"

#undef CHECK
#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace sluice {

// A configuration that says nothing, for timers to hold.
struct EmptyGeneration final : Generation {
  const Variable* find_variable(std::string_view) const override { return nullptr; }
  Module* module(std::string_view) const override { return nullptr; }
};

struct LuaFixture {
  EventLoop loop;
  ProcessContext process{loop, ProcessKind::worker, 0, 1};
  std::shared_ptr<EmptyGeneration> generation = std::make_shared<EmptyGeneration>();
  std::unique_ptr<Vm> vm = std::make_unique<Vm>();

  LuaFixture() {
    vm->process = &process;
    vm->generation = generation.get();
    vm->prefix = "/prefix/";
  }

  void turn_until(const bool& done) {
    for (int turns = 0; !done && turns < 2000; ++turns) loop.run_once(true);
  }

  // run gives what the code returns as text, or "failed: ..." with message and traceback.
  std::string run(std::string_view code) {
    auto chunk = vm->compile(code, "=test", Vm::Runs::once);
    if (!chunk) return "compile: " + chunk.error().text;
    std::string out;
    bool done = false;
    Flow flow;
    flow.start(drive(*chunk, out), [](void* flag) { *static_cast<bool*>(flag) = true; }, &done);
    turn_until(done);
    luaL_unref(vm->main(), LUA_REGISTRYINDEX, *chunk);
    return done ? out : "still waiting";
  }

  Task<void> drive(int chunk, std::string& out) {
    LuaThreadOwner thread(vm->acquire());
    lua_rawgeti(thread->state(), LUA_REGISTRYINDEX, chunk);
    LuaCall call;
    call.phase = LuaPhase::timer;
    LuaThread::Step step = thread->start(call, 0);
    if (step == LuaThread::Step::waiting) step = co_await thread->wait_out();
    if (step == LuaThread::Step::failed) out = "failed: " + thread->failure();
    if (step == LuaThread::Step::left) out = "left";
    if (step != LuaThread::Step::ended) co_return;
    for (int i = 1; i <= lua_gettop(thread->state()); ++i) {
      if (i > 1) out += ' ';
      const char* text = lua_tostring(thread->state(), i);
      out += text != nullptr ? text : luaL_typename(thread->state(), i);
    }
  }
};

}  // namespace sluice
