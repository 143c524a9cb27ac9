// The backend's event streams (text/event-stream, in chunks): every so often each stream of one interval gets an event
// "data: NS" with the instant that it is sent, by CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend_counts.h"
#include "tool.h"

namespace sluice::bench {

class Ticker;

// Every interval that has been asked for, and its streams.
class EventStreams {
 public:
  EventStreams(Poller& poller, BackendCounts& counts);
  ~EventStreams();

  // accept: takes over FD, which the poller watches already: the response's head now, then an event every EVERY_MS. The
  // stream owns itself until its connection ends.
  void accept(int fd, uint32_t every_ms);

 private:
  Poller& poller_;
  BackendCounts& counts_;
  std::map<uint32_t, std::unique_ptr<Ticker>> tickers_;
};

}  // namespace sluice::bench
