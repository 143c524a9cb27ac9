#include "histogram.h"

#include <catch2/catch.hpp>
#include <cmath>

using sluice::bench::Histogram;

namespace {

double error_of(uint64_t estimate, uint64_t exact) {
  return std::abs(double(estimate) - double(exact)) / double(exact);
}

}  // namespace

TEST_CASE("an empty histogram has zero everywhere") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.max_ns() == 0);
  CHECK(histogram.quantile_ns(0.99) == 0);
}

TEST_CASE("a single value is every quantile, to within one percent, from a nanosecond to a minute") {
  for (double value = 1; value <= double(Histogram::kLongestNs); value *= 1.0137) {
    const uint64_t ns = uint64_t(value);
    Histogram histogram;
    histogram.record(ns);
    INFO(ns);
    CHECK(error_of(histogram.quantile_ns(0.5), ns) < 0.005);
    CHECK(histogram.quantile_ns(0) == histogram.quantile_ns(1));
    CHECK(histogram.max_ns() == ns);
  }
}

TEST_CASE("no quantile exceeds the largest value") {
  for (const uint64_t ns : {255u, 256u, 257u, 511u, 512u, 513u, 1'000'001u}) {
    Histogram histogram;
    histogram.record(ns);
    CHECK(histogram.quantile_ns(1) <= ns);
  }
}

TEST_CASE("the neighbours of each power of two keep their order") {
  for (unsigned bit = 1; bit < 36; ++bit) {
    const uint64_t power = uint64_t(1) << bit;
    Histogram histogram;
    histogram.record(power - 1);
    histogram.record(power);
    if (power >= Histogram::kLongestNs) continue;
    CHECK(histogram.quantile_ns(0.5) <= histogram.quantile_ns(1));
    CHECK(error_of(histogram.quantile_ns(0.5), power - 1) < 0.005);
    CHECK(error_of(histogram.quantile_ns(1), power) < 0.005);
  }
}

TEST_CASE("quantiles of a thousand equal steps are where they belong") {
  Histogram histogram;
  for (uint64_t us = 1; us <= 1000; ++us) histogram.record(us * 1000);
  CHECK(histogram.count() == 1000);
  for (const double q : {0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0})
    CHECK(error_of(histogram.quantile_ns(q), uint64_t(std::llround(q * 1000)) * 1000) < 0.005);
}

TEST_CASE("one slow request of a thousand shows beyond p999 and not before") {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.record(100'000);
  histogram.record(50'000'000);
  CHECK(error_of(histogram.quantile_ns(0.999), 100'000) < 0.005);
  CHECK(error_of(histogram.quantile_ns(0.9991), 50'000'000) < 0.005);
}

TEST_CASE("what is longer than a minute counts as a minute") {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  CHECK(histogram.max_ns() == Histogram::kLongestNs);
  CHECK(error_of(histogram.quantile_ns(1), Histogram::kLongestNs) < 0.005);
}
