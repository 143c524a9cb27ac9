#include "event/memory_trim.h"

#include <functional>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

void turn_until(EventLoop& loop, const std::function<bool()>& done) {
  const Tick limit = loop.now() + 10'000;
  while (!done() && loop.now() < limit) loop.run_once(true);
}

}  // namespace

TEST_CASE("memory is given back once, when a busy loop has become quiet") {
  EventLoop loop;
  uint64_t turns = 1000;
  MemoryTrim trim(turns, Milliseconds(20));
  trim.busy();
  turns += MemoryTrim::kBusyTurns - 1;
  turn_until(loop, [&] { return trim.count() > 0; });
  REQUIRE(trim.count() == 1);
}

TEST_CASE("memory is not given back while there is work") {
  EventLoop loop;
  uint64_t turns = 0;
  MemoryTrim trim(turns, Milliseconds(20));
  trim.busy();
  turns += MemoryTrim::kBusyTurns;
  const Tick later = loop.now() + 40;
  struct Alarm : Timer {
    void on_timer() override {}
  } alarm;
  alarm.arm(later);
  turn_until(loop, [&] {
    turns += MemoryTrim::kBusyTurns;
    return loop.now() >= later;
  });
  REQUIRE(trim.count() == 0);
}

TEST_CASE("free frames are given back and made again") {
  void* frame = frame_allocate(100);
  frame_free(frame, 100);
  release_free_frames();
  frame = frame_allocate(100);
  REQUIRE(frame != nullptr);
  frame_free(frame, 100);
}
