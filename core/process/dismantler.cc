#include "process/dismantler.h"

#include <chrono>

#include "module/build.h"

namespace sluice {

namespace {

constexpr std::chrono::microseconds kSlice{500};
constexpr Milliseconds kPause{Timer::kResolution};
constexpr int kPiecesPerLook = 8;  // at the clock; a piece takes a microsecond or a few

// True when all pieces are gone before the time is over.
bool dismantle(Generation& generation, std::chrono::steady_clock::time_point end) {
  do {
    for (int i = 0; i < kPiecesPerLook; ++i)
      if (!dismantle_some(generation)) return true;
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

void Dismantler::take(std::unique_ptr<Generation> generation) {
  taken_.push_back(std::move(generation));
  if (finishing_) destroy_first();
  else if (!armed()) arm_after(Milliseconds(0));
}

void Dismantler::finish() {
  finishing_ = true;
  cancel();
  while (!taken_.empty()) destroy_first();
}

void Dismantler::on_timer() {
  if (dismantle(*taken_.front(), std::chrono::steady_clock::now() + kSlice)) destroy_first();
  if (!taken_.empty()) arm_after(kPause);
}

// The end of one may be the end of another one, which is then taken.
void Dismantler::destroy_first() {
  std::unique_ptr<Generation> first = std::move(taken_.front());
  taken_.pop_front();
  first.reset();
}

}  // namespace sluice
