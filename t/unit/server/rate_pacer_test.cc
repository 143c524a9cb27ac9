#include "server/rate_pacer.h"

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("what may leave is the first second's bytes, and more as time passes") {
  RatePacer pacer(1000, 0, 5000);
  CHECK(pacer.allowed(5000) == 1000);
  pacer.sent(1000);
  CHECK(pacer.allowed(5000) == 0);
  CHECK(pacer.allowed(5500) == 500);
  CHECK(pacer.allowed(4000) == 0);
}

TEST_CASE("what leaves before the limit counts is not paced") {
  RatePacer pacer(10, 5000, 0);
  CHECK(pacer.allowed(0) == 5010);
}

TEST_CASE("after the pause something worth a write may leave") {
  for (uint64_t rate : {1u, 7u, 1000u, 123456u}) {
    RatePacer pacer(rate, 0, 0);
    pacer.sent(rate);
    const auto pause = static_cast<Tick>(pacer.pause(0, 1'000'000).count());
    CHECK(pause <= 1001);
    CHECK(pacer.allowed(pause) >= std::max<uint64_t>(1, rate / 8));
    CHECK(pacer.allowed(static_cast<Tick>(pacer.pause(0, 1).count())) >= 1);
  }
}

TEST_CASE("a new rate counts from now on") {
  RatePacer pacer(1000, 0, 0);
  pacer.sent(1000);
  pacer.change(10, 0);
  CHECK(pacer.allowed(1000) == 10);
  pacer.change(2000, 1000);
  CHECK(pacer.allowed(1500) == 1010);
}

TEST_CASE("large numbers do not overflow") {
  RatePacer pacer(UINT64_MAX / 2, UINT64_MAX, 0);
  CHECK(pacer.allowed(1'000'000) == UINT64_MAX);
}

}  // namespace sluice
