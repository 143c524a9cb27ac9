#include "../test.h"

#include <sys/wait.h>
#include <unistd.h>

#include <sluice/base/strings.h>
#include <sluice/metrics/metrics.h>

using namespace sluice;

namespace {

struct MetricsZone {
  MetricsZone() {
    auto made = Zone::create(Metrics::zone_spec());
    REQUIRE(made.ok());
    fd = std::move(*made);
  }
  std::unique_ptr<Metrics> open(uint32_t slot) const {
    auto zone = Zone::map(Metrics::zone_spec(), fd.get());
    REQUIRE(zone.ok());
    auto metrics = Metrics::open(*zone, slot);
    REQUIRE(metrics.ok());
    return std::move(*metrics);
  }
  Fd fd;
};

}  // namespace

TEST_CASE("a counter is the sum of what all processes counted, and survives them") {
  MetricsZone zone;
  auto reader = zone.open(0);
  Counter counter = *reader->counter("requests_total", "Requests.");
  for (uint32_t slot : {1u, 2u, 1u}) {
    pid_t pid = fork();
    if (pid == 0) {
      auto metrics = zone.open(slot);
      metrics->add(*metrics->counter("requests_total", "Requests."), 10);
      _exit(0);
    }
    waitpid(pid, nullptr, 0);
  }
  reader->add(counter);
  CHECK(reader->value(counter) == 31);
}

TEST_CASE("a name keeps its words whoever declares it, in whatever order") {
  MetricsZone zone;
  auto one = zone.open(0), other = zone.open(1);
  Counter a = *one->counter("a", "A."), b = *one->counter("b", "B.");
  Counter c = *other->counter("c", "C.");
  CHECK((*other->counter("b", "B.")).word == b.word);
  CHECK((*one->counter("c", "C.")).word == c.word);
  CHECK(a.word != c.word);
}

TEST_CASE("a gauge goes up and down, and ends with its process") {
  MetricsZone zone;
  auto one = zone.open(0), other = zone.open(1);
  Gauge gauge = *one->gauge("active", "Active.");
  Counter counter = *one->counter("total", "Total.");
  one->add(gauge, 3);
  other->add(gauge, -1);
  other->add(counter);
  CHECK(one->value(gauge) == 2);
  one->set(gauge, 5);
  one->reset_gauges(1);
  CHECK(one->value(gauge) == 5);
  CHECK(one->value(counter) == 1);
}

TEST_CASE("everything is rendered in Prometheus' text form, family by family") {
  MetricsZone zone;
  auto metrics = zone.open(0);
  Counter ok = *metrics->counter("requests_total{code=\"2xx\"}", "Requests\nby \\ code.");
  Gauge gauge = *metrics->gauge("active", "Active.");
  Counter bad = *metrics->counter("requests_total{code=\"5xx\"}", "");
  const double bounds[] = {0.1, 1};
  Histogram plain = *metrics->histogram("seconds", "Time.", bounds);
  Histogram labelled = *metrics->histogram("waits{for=\"x\"}", "Waits.", bounds);
  metrics->add(ok, 2);
  metrics->add(bad);
  metrics->set(gauge, -4);
  for (double value : {0.05, 0.1, 0.5, 2.5}) metrics->observe(plain, value);
  metrics->observe(labelled, 9);
  CHECK(metrics->render_prometheus() ==
        "# HELP active Active.\n# TYPE active gauge\nactive -4\n"
        "# HELP requests_total Requests\\nby \\\\ code.\n# TYPE requests_total counter\n"
        "requests_total{code=\"2xx\"} 2\nrequests_total{code=\"5xx\"} 1\n"
        "# HELP seconds Time.\n# TYPE seconds histogram\n"
        "seconds_bucket{le=\"0.1\"} 2\nseconds_bucket{le=\"1\"} 3\nseconds_bucket{le=\"+Inf\"} 4\n"
        "seconds_sum 3.15\nseconds_count 4\n"
        "# HELP waits Waits.\n# TYPE waits histogram\n"
        "waits_bucket{for=\"x\",le=\"0.1\"} 0\nwaits_bucket{for=\"x\",le=\"1\"} "
        "0\nwaits_bucket{for=\"x\",le=\"+Inf\"} 1\n"
        "waits_sum{for=\"x\"} 9\nwaits_count{for=\"x\"} 1\n");
}

TEST_CASE("a malformed name, another type and other bounds are refused") {
  MetricsZone zone;
  auto metrics = zone.open(0);
  for (const char* name : {"", "1a", "a-b", "a{", "a{}", "{x=\"y\"}"})
    CHECK_FALSE(metrics->counter(name, "").ok());
  CHECK_FALSE(metrics->counter(std::string(128, 'a'), "").ok());
  CHECK(metrics->counter(std::string(127, 'a'), "").ok());
  REQUIRE(metrics->counter("a", "").ok());
  CHECK_FALSE(metrics->gauge("a", "").ok());
  const double one[] = {1}, two[] = {2}, falling[] = {2, 1};
  REQUIRE(metrics->histogram("h", "", one).ok());
  CHECK_FALSE(metrics->histogram("h", "", two).ok());
  CHECK_FALSE(metrics->histogram("f", "", falling).ok());
}

TEST_CASE("names and words have limits that are told") {
  MetricsZone zone;
  auto metrics = zone.open(0);
  for (uint32_t i = 0; i < Metrics::kMaxNames; ++i) REQUIRE(metrics->counter(concat("c", i), "").ok());
  CHECK_FALSE(metrics->counter("one_more", "").ok());
  CHECK(metrics->counter("c0", "").ok());
  MetricsZone other;
  auto wide = other.open(0);
  const std::vector<double> bounds{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  for (uint32_t i = 0; i < Metrics::kWordsPerSlot / 16; ++i)
    REQUIRE(wide->histogram(concat("h", i), "", bounds).ok());
  CHECK_FALSE(wide->counter("one_more", "").ok());
}
