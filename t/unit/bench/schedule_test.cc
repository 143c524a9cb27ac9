#include "schedule.h"

#include <catch2/catch.hpp>
#include <vector>

using sluice::bench::Arrivals;
using sluice::bench::Schedule;

namespace {

std::vector<uint64_t> first(Schedule schedule, size_t count) {
  std::vector<uint64_t> instants;
  for (size_t i = 0; i < count; ++i, schedule.advance()) instants.push_back(schedule.next_ns());
  return instants;
}

}  // namespace

TEST_CASE("constant arrivals are evenly apart and begin at the start") {
  CHECK(first(Schedule(Arrivals::kConstant, 1000, 5000), 3) == std::vector<uint64_t>{5000, 1'005'000, 2'005'000});
}

TEST_CASE("a rate that no interval of whole nanoseconds has doesn't drift") {
  const std::vector<uint64_t> instants = first(Schedule(Arrivals::kConstant, 30'000, 0), 30'000 * 60 + 1);
  CHECK(instants.back() == 60'000'000'000);
}

TEST_CASE("Poisson arrivals keep the rate on average and vary as exponential ones do") {
  constexpr size_t kCount = 200'000;
  const std::vector<uint64_t> instants = first(Schedule(Arrivals::kPoisson, 10'000, 0), kCount + 1);
  const double mean = double(instants.back()) / double(kCount);
  CHECK(mean == Approx(100'000).epsilon(0.01));
  size_t beyond_mean = 0;
  for (size_t i = 0; i < kCount; ++i) {
    REQUIRE(instants[i] <= instants[i + 1]);
    beyond_mean += instants[i + 1] - instants[i] > 100'000 ? 1 : 0;
  }
  CHECK(double(beyond_mean) / double(kCount) == Approx(0.3679).epsilon(0.02));
}

TEST_CASE("Poisson arrivals are the same in each run") {
  CHECK(first(Schedule(Arrivals::kPoisson, 500, 7), 100) == first(Schedule(Arrivals::kPoisson, 500, 7), 100));
}
