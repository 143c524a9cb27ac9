// What an EventLoop is made of; for the files of this folder and its tests.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <sluice/event/event_loop.h>

#include "event/memory_trim.h"
#include "event/timer_wheel.h"

namespace sluice {

struct EventLoop::Impl {
  explicit Impl(Tick now);
  ~Impl();

  void turn(bool block);
  void set_alarm();
  void run_posted();

  // woken is called before the first callback of a batch: the clock is read once per turn, after the wait.
  void woken() {
    if (clock_is_fresh) return;
    Clock::of_thread().refresh();
    clock_is_fresh = true;
  }

  event_base* base;
  TimerWheel wheel;
  event alarm;                           // the one libevent timer: ends the wait when the wheel has something to look at
  Tick alarm_at = TimerWheel::kNever;
  detail::Link posted;
  detail::Link end_of_round;             // hangs in `posted` while a round runs
  uint64_t turns = 0;
  MemoryTrim trim{turns, Milliseconds(3000)};
  bool clock_is_fresh = false;
  bool stopping = false;
  EventLoop* outer = nullptr;            // the loop that was current before this one
};

}  // namespace sluice
