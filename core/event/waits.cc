// The loop's own reasons to wait: Timer, sleeping, Signal.
#include <algorithm>
#include <utility>

#include <sluice/event/event_loop.h>

#include "event/event_loop_impl.h"

namespace sluice {

void Timer::link() {
  CHECK(deadline_ != 0);
  unlink();
  EventLoop::current().impl().wheel.insert(*this);
}

void Timer::arm_after(Milliseconds delay) {
  arm(Clock::of_thread().now() + static_cast<Tick>(std::max<Milliseconds::rep>(delay.count(), 0)));
}

void SleepAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  arm(at_);
}

void SleepAwaiter::on_timer() { waiter_.resume(); }

SleepAwaiter sleep_for(Milliseconds delay) {
  return SleepAwaiter(Clock::of_thread().now() + static_cast<Tick>(std::max<Milliseconds::rep>(delay.count(), 0)));
}

void Signal::set() {
  set_ = true;
  if (waiter_) EventLoop::current().post(*this);
}

void Signal::on_posted() {
  if (waiter_) std::exchange(waiter_, {}).resume();
}

}  // namespace sluice
