// Latencies in constant memory: counts in log-linear buckets, as HdrHistogram has them.
//
// Values are nanoseconds. Below 256 every value has a bucket of its own; above, each power of two is divided into 128
// equal buckets, so a bucket is at most 1/128 of its value wide and its middle is off by less than 0.4 %.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::bench {

class Histogram {
 public:
  // What is longer counts as this much: one minute.
  static constexpr uint64_t kLongestNs = 60'000'000'000;

  void record(uint64_t ns);

  uint64_t count() const { return count_; }

  // max_ns: the largest recorded value, exactly; 0 without any.
  uint64_t max_ns() const { return max_ns_; }

  // quantile_ns: the smallest value that at least the share Q (0..1) of all values doesn't exceed, to within 0.4 % and
  // never above max_ns(); 0 without any.
  uint64_t quantile_ns(double q) const;

 private:
  static constexpr unsigned kLinearBits = 8;
  static constexpr unsigned kLongestBits = 36;
  static constexpr size_t kHalf = size_t(1) << (kLinearBits - 1);

  static size_t bucket_of(uint64_t ns);
  static uint64_t middle_of(size_t bucket);

  std::array<uint64_t, kHalf * (kLongestBits - kLinearBits + 2)> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace sluice::bench
