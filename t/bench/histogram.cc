#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::bench {

void Histogram::record(uint64_t ns) {
  ns = std::min(ns, kLongestNs);
  ++buckets_[bucket_of(ns)];
  ++count_;
  max_ns_ = std::max(max_ns_, ns);
}

uint64_t Histogram::quantile_ns(double q) const {
  if (count_ == 0) return 0;
  const uint64_t rank = std::clamp<uint64_t>(uint64_t(std::ceil(q * double(count_))), 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::min(middle_of(bucket), max_ns_);
  }
  return max_ns_;
}

// The shift keeps the uppermost kLinearBits bits: buckets of shift S are numbers [kHalf, 2 kHalf) after S times kHalf.
size_t Histogram::bucket_of(uint64_t ns) {
  const unsigned bits = unsigned(std::bit_width(ns));
  const unsigned shift = bits > kLinearBits ? bits - kLinearBits : 0;
  return shift * kHalf + size_t(ns >> shift);
}

uint64_t Histogram::middle_of(size_t bucket) {
  const uint64_t shift = bucket < 2 * kHalf ? 0 : bucket / kHalf - 1;
  return (uint64_t(bucket - shift * kHalf) << shift) + ((uint64_t(1) << shift) >> 1);
}

}  // namespace sluice::bench
