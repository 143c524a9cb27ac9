// When an open-loop generator's requests are due: instants that depend on nothing that happens.
#pragma once

#include <cstdint>
#include <random>

namespace sluice::bench {

enum class Arrivals {
  kConstant,  // one every 1/rate
  kPoisson,   // independent of each other, as many users are; the same ones in each run
};

class Schedule {
 public:
  // RATE_PER_SECOND requests on average, the first at START_NS.
  Schedule(Arrivals arrivals, double rate_per_second, uint64_t start_ns);

  // next_ns: when the next request is due.
  uint64_t next_ns() const { return start_ns_ + uint64_t(elapsed_ns_); }

  // advance: the request at next_ns() is taken.
  void advance();

 private:
  Arrivals arrivals_;
  double interval_ns_;
  uint64_t start_ns_;
  uint64_t taken_ = 0;
  double elapsed_ns_ = 0;
  std::mt19937_64 random_;
};

}  // namespace sluice::bench
