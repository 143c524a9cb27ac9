// Flow: a small coroutine (the runner) awaits the task, takes itself apart and then tells the owner.
#include <sluice/event/task.h>

namespace sluice {

struct Flow::Runner {
  struct promise_type {
    Flow* flow = nullptr;

    static void* operator new(size_t bytes) { return frame_allocate(bytes); }
    static void operator delete(void* frame, size_t bytes) { frame_free(frame, bytes); }

    struct End {
      bool await_ready() noexcept { return false; }
      // The frame goes first, with the finished task in it: `done` may start this Flow again or destroy it.
      void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        Flow& owner = *self.promise().flow;
        auto done = owner.done_;
        void* context = owner.context_;
        owner.runner_ = {};
        self.destroy();
        if (done != nullptr) done(context);
      }
      void await_resume() noexcept {}
    };

    Runner get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    End final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { check_failed("no exception leaves a task", __FILE__, __LINE__); }
  };

  std::coroutine_handle<promise_type> handle;
};

Flow::Runner Flow::run(Task<void> task) { co_await task; }

void Flow::start(Task<void> task, void (*done)(void*), void* context) {
  CHECK(!running());
  if (task.ready()) {
    if (done != nullptr) done(context);
    return;
  }
  done_ = done;
  context_ = context;
  Runner runner = run(std::move(task));
  runner.handle.promise().flow = this;
  runner_ = runner.handle;
  runner.handle.resume();
}

void Flow::cancel() {
  if (runner_) std::exchange(runner_, {}).destroy();
}

}  // namespace sluice
