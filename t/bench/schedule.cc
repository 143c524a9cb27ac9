#include "schedule.h"

#include <cmath>

namespace sluice::bench {

Schedule::Schedule(Arrivals arrivals, double rate_per_second, uint64_t start_ns)
    : arrivals_(arrivals), interval_ns_(1e9 / rate_per_second), start_ns_(start_ns) {}

// Constant arrivals are multiplied and not added up, so that no error adds up either.
void Schedule::advance() {
  ++taken_;
  if (arrivals_ == Arrivals::kConstant)
    elapsed_ns_ = double(taken_) * interval_ns_;
  else
    elapsed_ns_ -= interval_ns_ * std::log(1.0 - std::generate_canonical<double, 53>(random_));
}

}  // namespace sluice::bench
