#include <memory>
#include <random>
#include <vector>

#include <sluice/event/event_loop.h>

#include "event/event_loop_impl.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

struct Recorder : Timer {
  int fired = 0;
  void on_timer() override { ++fired; }
};

// The wheel under a clock of our own: what the loop does each turn, without the turn.
struct Wheel {
  EventLoop loop;
  Tick now = Clock::of_thread().now();
  Tick start = now;
  void advance_to(Tick tick) {
    now = tick;
    Clock::of_thread().set_for_test(tick, 0);
    loop.impl().wheel.advance(tick);
  }
  void advance_by(Tick ticks) { advance_to(now + ticks); }
};

}  // namespace

TEST_CASE("a timer is never early and at most its resolution late, on every level") {
  Wheel wheel;
  for (Tick delay : {1u, 15u, 16u, 17u, 1000u, 1023u, 1024u, 1025u, 5000u, 65536u, 70000u, 4'200'000u, 300'000'000u}) {
    Recorder timer;
    Tick from = wheel.now;
    timer.arm(from + delay);
    wheel.advance_to(from + delay - 1);
    REQUIRE(timer.fired == 0);
    wheel.advance_to(from + delay - 1 + Timer::kResolution);
    REQUIRE(timer.fired == 1);
    REQUIRE_FALSE(timer.armed());
  }
}

TEST_CASE("a timer fires at its time when the wheel is advanced in small steps") {
  Wheel wheel;
  Recorder timer;
  timer.arm(wheel.now + 3000);
  while (timer.fired == 0) wheel.advance_by(7);
  REQUIRE(wheel.now - wheel.start >= 3000);
  REQUIRE(wheel.now - wheel.start < 3000 + Timer::kResolution + 7);
}

TEST_CASE("moving a timer later leaves it where it hangs and fires it at the new time") {
  Wheel wheel;
  Recorder timer;
  timer.arm(wheel.now + 100);
  Tick look = wheel.loop.impl().wheel.next_look();
  timer.arm(wheel.now + 5000);
  REQUIRE(wheel.loop.impl().wheel.next_look() == look);
  wheel.advance_by(4999);
  REQUIRE(timer.fired == 0);
  wheel.advance_by(1 + Timer::kResolution);
  REQUIRE(timer.fired == 1);
}

TEST_CASE("moving a timer earlier fires it earlier") {
  Wheel wheel;
  Recorder timer;
  timer.arm(wheel.now + 100000);
  timer.arm(wheel.now + 50);
  wheel.advance_by(50 + Timer::kResolution);
  REQUIRE(timer.fired == 1);
}

TEST_CASE("a cancelled timer does not fire and can be armed again") {
  Wheel wheel;
  Recorder timer;
  timer.arm(wheel.now + 50);
  timer.cancel();
  wheel.advance_by(200);
  REQUIRE(timer.fired == 0);
  timer.arm(wheel.now + 50);
  wheel.advance_by(200);
  REQUIRE(timer.fired == 1);
}

TEST_CASE("a destroyed timer is off the wheel") {
  Wheel wheel;
  {
    Recorder timer;
    timer.arm(wheel.now + 50);
  }
  wheel.advance_by(200);
}

TEST_CASE("a deadline that has passed fires with the next look, not after the resolution") {
  Wheel wheel;
  Recorder timer;
  timer.arm(1);
  REQUIRE(wheel.loop.impl().wheel.has_due());
  wheel.advance_by(0);
  REQUIRE(timer.fired == 1);
}

TEST_CASE("a timer that hangs as due and is moved later waits") {
  Wheel wheel;
  Recorder timer;
  timer.arm(1);
  timer.arm(wheel.now + 100);
  wheel.advance_by(0);
  REQUIRE(timer.fired == 0);
  wheel.advance_by(100 + Timer::kResolution);
  REQUIRE(timer.fired == 1);
}

namespace {
struct Suicide : Timer {
  std::vector<std::unique_ptr<Timer>>* all = nullptr;
  int* fired = nullptr;
  void on_timer() override {
    ++*fired;
    all->clear();  // this one and every other one of the same slot
  }
};
struct Repeating : Timer {
  int fired = 0;
  void on_timer() override {
    ++fired;
    arm(1);
  }
};
}  // namespace

TEST_CASE("a callback may destroy its own timer and its neighbours") {
  Wheel wheel;
  std::vector<std::unique_ptr<Timer>> all;
  int fired = 0;
  for (int i = 0; i < 3; ++i) {
    auto timer = std::make_unique<Suicide>();
    timer->all = &all;
    timer->fired = &fired;
    timer->arm(wheel.now + 50);
    all.push_back(std::move(timer));
  }
  wheel.advance_by(100);
  REQUIRE(fired == 1);
  REQUIRE(all.empty());
}

TEST_CASE("a callback that arms itself in the past runs once per turn") {
  Wheel wheel;
  Repeating timer;
  timer.arm(1);
  wheel.advance_by(0);
  wheel.advance_by(0);
  REQUIRE(timer.fired == 2);
}

TEST_CASE("many timers at random times all fire on time") {
  Wheel wheel;
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Recorder>> timers;
  std::vector<Tick> deadlines;
  for (int i = 0; i < 2000; ++i) {
    deadlines.push_back(wheel.now + 1 + random() % 200000);
    timers.push_back(std::make_unique<Recorder>());
    timers.back()->arm(deadlines.back());
  }
  bool right = true;
  while (wheel.now < wheel.start + 201000) {
    wheel.advance_by(1 + random() % 300);
    for (size_t i = 0; i < timers.size(); ++i) {
      if (timers[i]->fired > 0 && deadlines[i] > wheel.now) right = false;
      if (timers[i]->fired != 1 && deadlines[i] + Timer::kResolution <= wheel.now) right = false;
    }
  }
  REQUIRE(right);
}

TEST_CASE("a loop may go before its timers") {
  Recorder timer;
  {
    EventLoop loop;
    timer.arm_after(Milliseconds(50));
  }
  REQUIRE(timer.fired == 0);
}
