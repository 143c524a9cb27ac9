// Metrics: counters, gauges and histograms of all processes, in one zone.
//
//   | header, names | slot of process 0: 1024 words | slot of process 1 | ...
//
// A metric is declared by name and help (core and modules alike, before they start) and is then a number of words in every slot. Each
// process writes its own slot with plain stores, without a lock; a reader sums the slots. Names stay for the life of the zone: declaring
// one again, in another process or after a reload, gives the same words, and new names get new ones. A respawned worker goes on with
// its predecessor's slot, so that counters never go back.
//
// A name may carry labels, `requests_total{code="2xx"}`; one help and type per name without labels is shown.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/shm/zone.h>

namespace sluice {

// Handles: small values, valid in the process that declared them while its Metrics lives.
struct Counter {
  uint16_t word = 0;
};
struct Gauge {
  uint16_t word = 0;
};
struct Histogram {
  uint16_t word = 0;  // one word per bound, one for what is above all, one for the sum
  uint16_t bounds_count = 0;
  const double* bounds = nullptr;
};

class SLUICE_API Metrics {
 public:
  static constexpr uint32_t kWordsPerSlot = 1024;
  static constexpr uint32_t kMaxSlots = 256;
  static constexpr uint32_t kMaxNames = 512;
  static constexpr size_t kMaxNameBytes = 127;
  static constexpr size_t kMaxBounds = 16;

  // zone_spec is the zone that open needs; the same for every configuration.
  static ZoneSpec zone_spec();
  // open attaches this process to its slot. REQUIRES: slot < kMaxSlots, and no other process or thread writes it.
  static Result<std::unique_ptr<Metrics>> open(std::shared_ptr<Zone> zone, uint32_t slot);

  // Each finds or makes a metric. Errors (kind config): a malformed name, the same name with another type or other bounds, no words
  // or names left. Callable from any thread. Bounds ascend, at most kMaxBounds.
  Result<Counter> counter(std::string_view name, std::string_view help);
  Result<Gauge> gauge(std::string_view name, std::string_view help);
  Result<Histogram> histogram(std::string_view name, std::string_view help, std::span<const double> bounds);

  // Writing: from the process's one traffic thread only.
  void add(Counter counter, uint64_t n = 1) { store(counter.word, load(counter.word) + n); }
  void add(Gauge gauge, int64_t n) { store(gauge.word, load(gauge.word) + static_cast<uint64_t>(n)); }
  void set(Gauge gauge, int64_t value) { store(gauge.word, static_cast<uint64_t>(value)); }
  void observe(Histogram histogram, double value);

  // Sums over all processes.
  uint64_t value(Counter counter) const { return sum(counter.word); }
  int64_t value(Gauge gauge) const { return static_cast<int64_t>(sum(gauge.word)); }

  // reset_gauges zeroes the gauges of a slot whose process has ended: what they counted ended with it.
  void reset_gauges(uint32_t slot);

  // render_prometheus gives everything in Prometheus' text format, version 0.0.4.
  std::string render_prometheus() const;

 private:
  struct Header;
  struct Name;
  enum class Type : uint8_t { counter, gauge, histogram };

  Metrics(std::shared_ptr<Zone> zone, uint32_t slot);
  Result<const Name*> declare(Type type, std::string_view name, std::string_view help, std::span<const double> bounds);
  Result<const Name*> declare_locked(Type type, std::string_view name, std::string_view help, std::span<const double> bounds);
  void render_one(std::string& out, const Name& name) const;
  uint64_t sum(uint32_t word) const;
  double sum_as_double(uint32_t word) const;

  uint64_t load(uint32_t word) const { return std::atomic_ref<uint64_t>(words_[word]).load(std::memory_order_relaxed); }
  void store(uint32_t word, uint64_t value) { std::atomic_ref<uint64_t>(words_[word]).store(value, std::memory_order_relaxed); }

  std::shared_ptr<Zone> zone_;  // shared with the table of zones, see Zone::map
  Header* header_;
  Name* names_;
  uint64_t* slots_;
  uint64_t* words_;  // our slot
};

}  // namespace sluice
