#include "event/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace sluice {

namespace {

void make_empty(detail::Link& head) { head.previous = head.next = &head; }

void drop_all(detail::Link& head) {
  while (head.next != &head) head.next->unlink();
}

// move_all takes everything off `from` and hangs it on the empty `to`, so that callbacks can change `from`.
void move_all(detail::Link& from, detail::Link& to) {
  make_empty(to);
  if (from.next == &from) return;
  to.next = from.next;
  to.previous = from.previous;
  to.next->previous = to.previous->next = &to;
  make_empty(from);
}

}  // namespace

TimerWheel::TimerWheel(Tick now) : current_(now / Timer::kResolution) {
  make_empty(due_);
  for (auto& level : levels_) {
    for (auto& slot : level.slots) make_empty(slot);
  }
}

TimerWheel::~TimerWheel() {
  drop_all(due_);
  for (auto& level : levels_) {
    for (auto& slot : level.slots) drop_all(slot);
  }
}

void TimerWheel::insert(Timer& timer) {
  if (timer.deadline_ <= Clock::of_thread().now()) {
    timer.slot_tick_ = 0;
    timer.insert_before(due_);
    return;
  }
  place(timer, current_ + 1);
}

void TimerWheel::place(Timer& timer, uint64_t earliest) {
  uint64_t target = (timer.deadline_ + Timer::kResolution - 1) / Timer::kResolution;
  target = std::clamp(target, earliest, current_ + kSpan - 1);
  uint64_t distance = target - current_;
  int index = distance < kSlots ? 0 : (std::bit_width(distance) - 1) / kBits;
  int shift = index * kBits;
  Level& level = levels_[static_cast<size_t>(index)];
  uint64_t slot = (target >> shift) % kSlots;
  uint64_t look = (target >> shift) << shift;
  timer.slot_tick_ = look * Timer::kResolution;
  timer.insert_before(level.slots[slot]);
  level.occupied |= uint64_t{1} << slot;
  next_ = std::min(next_, look);
}

void TimerWheel::advance(Tick now) {
  uint64_t end = now / Timer::kResolution;
  run_due();
  while (next_ <= end) {
    current_ = next_;
    cascade();
    run_slot();
    next_ = find_next();
  }
  current_ = std::max(current_, end);
}

void TimerWheel::run_due() {
  if (!has_due()) return;
  detail::Link due;
  move_all(due_, due);
  while (due.next != &due) {
    Timer& timer = *static_cast<Timer*>(due.next);
    timer.unlink();
    if (timer.deadline_ == 0) continue;
    if (timer.deadline_ > Clock::of_thread().now()) {
      place(timer, current_ + 1);
      continue;
    }
    timer.deadline_ = 0;
    timer.on_timer();
  }
}

void TimerWheel::cascade() {
  for (int index = kLevels - 1; index > 0; --index) {
    int shift = index * kBits;
    if ((current_ & ((uint64_t{1} << shift) - 1)) != 0) continue;
    Level& level = levels_[static_cast<size_t>(index)];
    uint64_t slot = (current_ >> shift) % kSlots;
    level.occupied &= ~(uint64_t{1} << slot);
    detail::Link moving;
    move_all(level.slots[slot], moving);
    while (moving.next != &moving) {
      Timer& timer = *static_cast<Timer*>(moving.next);
      timer.unlink();
      if (timer.deadline_ != 0) place(timer, current_);
    }
  }
}

void TimerWheel::run_slot() {
  Level& level = levels_[0];
  uint64_t slot = current_ % kSlots;
  level.occupied &= ~(uint64_t{1} << slot);
  detail::Link running;
  move_all(level.slots[slot], running);
  while (running.next != &running) {
    Timer& timer = *static_cast<Timer*>(running.next);
    timer.unlink();
    look_at(timer);
  }
}

void TimerWheel::look_at(Timer& timer) {
  if (timer.deadline_ == 0) return;
  if (timer.deadline_ > current_ * Timer::kResolution) return place(timer, current_ + 1);
  timer.deadline_ = 0;
  timer.on_timer();
}

uint64_t TimerWheel::find_next() const {
  uint64_t next = kNever;
  for (int index = 0; index < kLevels; ++index) {
    uint64_t occupied = levels_[static_cast<size_t>(index)].occupied;
    if (occupied == 0) continue;
    int shift = index * kBits;
    uint64_t here = current_ >> shift;
    int after = static_cast<int>((here + 1) % kSlots);
    uint64_t steps = 1 + static_cast<uint64_t>(std::countr_zero(std::rotr(occupied, after)));
    next = std::min(next, (here + steps) << shift);
  }
  return next;
}

}  // namespace sluice
