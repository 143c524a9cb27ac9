// EventLoop: the one place where a thread of sluice waits. It wraps a libevent base and adds a queue of posted work that runs
// after each batch of events, a timer wheel, and the cached clock (read once per turn).
//
// Everything here belongs to the loop's thread. No function may be called from another thread except Wakeup::notify.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <sluice/base/api.h>
#include <sluice/base/check.h>
#include <sluice/base/clock.h>
#include <sluice/event/task.h>

namespace sluice {

class EventLoop;

namespace detail {
struct Link {
  Link* previous = nullptr;
  Link* next = nullptr;
  bool linked() const { return next != nullptr; }
  void unlink() {
    if (next == nullptr) return;
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
  void insert_before(Link& at) {
    previous = at.previous;
    next = &at;
    at.previous->next = this;
    at.previous = this;
  }
};
}  // namespace detail

// Posted: work that runs once after the current batch of events, in the order of posting. Destroying it takes it back.
class SLUICE_API Posted : private detail::Link {
 public:
  Posted() = default;
  virtual ~Posted() { unlink(); }
  Posted(const Posted&) = delete;
  Posted& operator=(const Posted&) = delete;
  bool posted() const { return linked(); }
  void unpost() { unlink(); }

 protected:
  virtual void on_posted() = 0;  // what is posted from here runs in the next turn; may destroy this object

 private:
  friend class EventLoop;
};

// Timer: one deadline. Moving it later or cancelling it only stores a number (the wheel looks again when the old slot comes up),
// so it may be armed on every read and write. Resolution: 16 ms, never early. Destroying it takes it off the wheel.
class SLUICE_API Timer : private detail::Link {
 public:
  static constexpr Tick kResolution = 16;

  Timer() = default;
  virtual ~Timer() { unlink(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  // arm sets the deadline (a tick of Clock; must not be 0), replacing an earlier one. A deadline that is not in the future fires
  // in the next turn of the loop, without waiting for the resolution.
  void arm(Tick deadline) {
    deadline_ = deadline;
    if (linked() && slot_tick_ < deadline + kResolution) return;
    link();
  }
  void arm_after(Milliseconds delay);
  void cancel() { deadline_ = 0; }
  bool armed() const { return deadline_ != 0; }
  Tick deadline() const { return deadline_; }

 protected:
  // Called once when the deadline has passed; the timer is disarmed before. May arm or destroy itself.
  virtual void on_timer() = 0;

 private:
  friend class TimerWheel;
  void link();

  Tick deadline_ = 0;
  Tick slot_tick_ = 0;  // when the wheel will look at it; at most kResolution after the deadline while armed
};

// IoWatcher: a file descriptor on the loop. Registered at most once in its life, edge-triggered, in both directions.
class SLUICE_API IoWatcher {
 public:
  enum Events : unsigned { kReadable = 1, kWritable = 2, kClosed = 4 };  // kClosed: the peer shut its side (EPOLLRDHUP) or worse

  virtual ~IoWatcher();
  IoWatcher(const IoWatcher&) = delete;
  IoWatcher& operator=(const IoWatcher&) = delete;
  int fd() const { return fd_; }

 protected:
  IoWatcher() = default;
  // watch takes the non-blocking descriptor over and registers it. What is already ready is reported in the next turn.
  // A broken connection may be reported as kReadable | kWritable without kClosed. REQUIRES: fd() == -1.
  void watch(EventLoop& loop, int fd);
  // hold takes the descriptor over and leaves it off the loop, until watch_held: for one that may be gone before anything waits for
  // it. REQUIRES: fd() == -1.
  void hold(int fd) {
    CHECK(fd_ == -1 && fd >= 0);
    fd_ = fd;
  }
  // watch_held registers it. REQUIRES: fd() >= 0, !watched().
  void watch_held(EventLoop& loop);
  bool watched() const { return watched_; }
  // unwatch deregisters and returns the descriptor without closing it.
  int unwatch();
  // close_fd deregisters and closes; harmless when there is no descriptor.
  void close_fd();
  virtual void on_events(unsigned events) = 0;  // may destroy this object

 private:
  friend struct IoWatcherAccess;
  static constexpr size_t kEventBytes = 128;  // sizeof(struct event), asserted where it is known
  alignas(8) std::byte event_[kEventBytes];
  int fd_ = -1;
  bool watched_ = false;
};

class SLUICE_API EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // current is the loop that runs on this thread. REQUIRES: there is one (it is set by the constructor).
  static EventLoop& current() {
    CHECK(current_ != nullptr);
    return *current_;
  }

  // run turns the loop until stop() is called; the turn in which that happens is completed.
  void run();
  void stop();
  // run_once turns it once; `block` waits for at least one event, a timer or posted work. For tests.
  void run_once(bool block);

  // post queues the work; harmless when it is queued already.
  void post(Posted& work);
  Tick now() const { return clock_.now(); }
  // turns counts iterations; the worker's heartbeat and tests use it.
  uint64_t turns() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  SLUICE_THREAD_LOCAL static constinit thread_local EventLoop* current_;

  const Clock& clock_ = Clock::of_thread();
  std::unique_ptr<Impl> impl_;
};

// Wakeup: lets another thread run `on_wakeup` on the loop's thread (an eventfd).
class SLUICE_API Wakeup : private IoWatcher {
 public:
  explicit Wakeup(EventLoop& loop);
  ~Wakeup() override { close_fd(); }
  void notify();  // from any thread

 protected:
  virtual void on_wakeup() = 0;

 private:
  void on_events(unsigned events) final;
};

// SleepAwaiter: `co_await sleep_until(tick)`, `co_await sleep_for(20ms)`. A zero or past deadline still yields to the loop once.
class SLUICE_API SleepAwaiter final : private Timer {
 public:
  explicit SleepAwaiter(Tick deadline) : at_(deadline == 0 ? 1 : deadline) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  void await_resume() {}

 private:
  void on_timer() override;
  Tick at_;
  std::coroutine_handle<> waiter_;
};
inline SleepAwaiter sleep_until(Tick deadline) { return SleepAwaiter(deadline); }
SLUICE_API SleepAwaiter sleep_for(Milliseconds delay);

// Signal: one flow waits, another part of the same thread says go. set() before wait() is remembered. The waiter is resumed from
// the loop's posted queue, never inside set().
class SLUICE_API Signal final : private Posted {
 public:
  void set();
  bool is_set() const { return set_; }
  void clear() { set_ = false; }
  struct Awaiter {
    Signal& signal;
    bool await_ready() const { return signal.set_; }
    void await_suspend(std::coroutine_handle<> waiter) { signal.waiter_ = waiter; }
    void await_resume() {}
    ~Awaiter() { signal.waiter_ = {}; }
  };
  // wait resumes when set() has been called. One waiter at a time.
  Awaiter wait() { return Awaiter{*this}; }

 private:
  void on_posted() override;
  bool set_ = false;
  std::coroutine_handle<> waiter_;
};

}  // namespace sluice
