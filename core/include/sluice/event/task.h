// Task<T>: a lazy coroutine with one owner; the way everything that waits is written.
//
// - A task starts when it is awaited (or given to Flow) and is resumed only by the event loop of its thread.
// - A function that has its value at once returns Task<T>(value): no frame is made, awaiting it costs a call. The usual shape:
//       Task<Outcome> run(Exchange& x) { if (fast) return Outcome::next(); return slow(x); }   // slow is the coroutine
// - Destroying a task that waits cancels it: its awaiters unregister themselves, its locals run their destructors.
//   That is the only way anything is cancelled. A running task cannot destroy itself.
// - Frames come from per-thread free lists (frame_allocate), so that a steady state never calls malloc.
// - Exceptions do not leave a task: one that does ends the process (CHECK).
//
// Traps: reference parameters must outlive the task; no capturing lambda coroutines; with this compiler no co_await inside a
// conditional expression or an initializer list.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <sluice/base/api.h>
#include <sluice/base/check.h>
#include <sluice/event/frame_pool.h>

namespace sluice {

class Flow;

template <class T>
class Task;

namespace detail {

// flow_ended takes the outermost task apart and tells the owner of the flow.
SLUICE_API void flow_ended(Flow& flow) noexcept;

struct PromiseBase {
  std::coroutine_handle<> continuation;

  static void* operator new(size_t bytes) { return frame_allocate(bytes); }
  static void operator delete(void* frame, size_t bytes) { frame_free(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (std::coroutine_handle<> next = self.promise().continuation) return next;
      if constexpr (requires { self.promise().flow; }) {
        if (self.promise().flow != nullptr) flow_ended(*self.promise().flow);
      }
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { check_failed("no exception leaves a task", __FILE__, __LINE__); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> result;
  Task<T> get_return_object();
  void return_value(T value) { result.emplace(std::move(value)); }
};

template <>
struct Promise<void> : PromiseBase {
  Flow* flow = nullptr;  // of the outermost task
  Task<void> get_return_object();
  void return_void() {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  // A finished task: no coroutine behind it.
  Task(T value) : value_(std::move(value)) {}
  template <class U>
    requires(std::is_convertible_v<U, T> && !std::is_same_v<std::decay_t<U>, T> && !std::is_same_v<std::decay_t<U>, Task>)
  Task(U&& value) : value_(T(std::forward<U>(value))) {}
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})), value_(std::move(other.value_)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      cancel();
      handle_ = std::exchange(other.handle_, {});
      value_ = std::move(other.value_);
    }
    return *this;
  }
  ~Task() { cancel(); }

  // ready: the value is there and awaiting does not suspend.
  bool ready() const { return !handle_ || handle_.done(); }
  // REQUIRES: ready(), and not taken before.
  T take() { return handle_ ? std::move(*handle_.promise().result) : std::move(*value_); }

  bool await_ready() const { return ready(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    handle_.promise().continuation = parent;
    return handle_;
  }
  T await_resume() { return take(); }

 private:
  void cancel() {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

  Handle handle_;
  std::optional<T> value_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  using promise_type = detail::Promise<void>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;  // finished
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      cancel();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { cancel(); }

  bool ready() const { return !handle_ || handle_.done(); }
  void take() {}
  bool await_ready() const { return ready(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    handle_.promise().continuation = parent;
    return handle_;
  }
  void await_resume() {}

 private:
  friend class Flow;
  void cancel() {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

// Flow owns the outermost task of something that runs by itself: an exchange, a timer callback, a body being sent while the
// response is read. It starts the task at once, tells the owner when it has ended, and cancels it when destroyed.
class SLUICE_API Flow {
 public:
  Flow() = default;
  ~Flow() { cancel(); }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  // start runs the task until its first wait. `done(context)` is called when it ends, possibly before start returns; it may
  // destroy this Flow. REQUIRES: !running().
  void start(Task<void> task, void (*done)(void*) = nullptr, void* context = nullptr);
  bool running() const { return !task_.ready(); }
  // cancel destroys a waiting task; `done` is not called. REQUIRES: called from outside the task.
  void cancel();

 private:
  friend void detail::flow_ended(Flow& flow) noexcept;

  Task<void> task_;
  void (*done_)(void*) = nullptr;
  void* context_ = nullptr;
};

}  // namespace sluice
