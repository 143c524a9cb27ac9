// TimerWheel: all deadlines of one loop. Four levels of 64 slots; a slot of level 0 is 16 ms wide, one of the next level 64 times
// that. A timer hangs in the slot where the wheel will look at it next: there it fires, or is hung up again because its deadline
// has moved meanwhile (which costs the mover nothing but a store), or is dropped because it was cancelled.
//
//     level 0: 64 x 16 ms = 1.024 s | level 1: 65.5 s | level 2: 70 min | level 3: 74.6 h (later ones wait in the last slot)
//
// When time reaches a boundary of a higher level, that slot's timers move down. Bitmaps of occupied slots make the next moment of
// interest a few instructions to find, so that a long sleep is one jump.
#pragma once

#include <array>
#include <cstdint>

#include <sluice/event/event_loop.h>

namespace sluice {

class TimerWheel {
 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit TimerWheel(Tick now);
  ~TimerWheel();

  // insert hangs an armed, unlinked timer up.
  void insert(Timer& timer);
  // advance fires what is due at `now`. Timers armed from a callback for a time that is not in the future wait for the next call.
  void advance(Tick now);

  // has_due: advance has work at once.
  bool has_due() const { return due_.next != &due_; }
  // next_look is the next time advance has anything to do; kNever when the wheel is empty. It may be too early, never too late.
  Tick next_look() const { return next_ == kNever ? kNever : next_ * Timer::kResolution; }

 private:
  static constexpr int kLevels = 4;
  static constexpr int kBits = 6;
  static constexpr uint64_t kSlots = 1 << kBits;
  static constexpr uint64_t kSpan = uint64_t{1} << (kBits * kLevels);

  struct Level {
    std::array<detail::Link, kSlots> slots;
    uint64_t occupied = 0;
  };

  void place(Timer& timer, uint64_t earliest);
  void run_due();
  void cascade();
  void run_slot();
  void look_at(Timer& timer);
  uint64_t find_next() const;

  std::array<Level, kLevels> levels_;
  detail::Link due_;
  uint64_t current_;       // in slots of level 0; everything up to here has been looked at
  uint64_t next_ = kNever;  // likewise: the next occupied slot or boundary
};

}  // namespace sluice
