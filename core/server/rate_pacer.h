// RatePacer: how many bytes may leave when only so many may per second. Plain arithmetic: the clock is the caller's.
//
// What may leave grows with time: `after` bytes, those of one second, and `rate` more per second. So a response that fits into the
// first second is not delayed, as in nginx, and one that was slow because of the client may catch up.
#pragma once

#include <algorithm>
#include <cstdint>

#include <sluice/base/clock.h>

namespace sluice {

class RatePacer {
 public:
  // REQUIRES: rate > 0.
  RatePacer(uint64_t rate, uint64_t after, Tick now) : rate_(rate), began_(now), base_(after > UINT64_MAX - rate ? UINT64_MAX : after + rate) {}

  // allowed is how many bytes may leave now.
  uint64_t allowed(Tick now) const {
    const uint64_t all = earned(now);
    return all > sent_ ? all - sent_ : 0;
  }
  void sent(uint64_t bytes) { sent_ += bytes; }
  // change goes on with another rate; what has left counts.
  void change(uint64_t rate, Tick now) {
    base_ = std::max(earned(now), sent_);
    began_ = now;
    rate_ = rate;
  }
  // pause is how long to wait until a piece worth a write may leave: an eighth of a second's bytes, or the `left` ones. At least 1 ms.
  Milliseconds pause(Tick now, uint64_t left) const {
    const uint64_t wanted = std::min(left, std::max<uint64_t>(1, rate_ / 8));
    const uint64_t there = allowed(now);
    if (there >= wanted) return Milliseconds{1};
    const uint64_t all = earned(now);
    const uint64_t missing = wanted + (sent_ - std::min(sent_, all)) - there;
    return Milliseconds{static_cast<int64_t>(std::max<uint64_t>(1, std::min<uint64_t>(missing, UINT32_MAX) * 1000 / rate_ + 1))};
  }

 private:
  uint64_t earned(Tick now) const {
    const uint64_t elapsed = now > began_ ? now - began_ : 0;
    const uint64_t grown = rate_ > UINT64_MAX / (elapsed + 1) ? UINT64_MAX : rate_ * elapsed / 1000;
    return grown > UINT64_MAX - base_ ? UINT64_MAX : base_ + grown;
  }

  uint64_t rate_;
  Tick began_;
  uint64_t base_;
  uint64_t sent_ = 0;
};

}  // namespace sluice
