// What the backend has served since it started: the answer to /count.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::bench {

struct BackendCounts {
  uint64_t requests = 0;
  uint64_t body_bytes = 0;
  uint64_t response_bytes = 0;
  uint64_t ws_messages = 0;
  uint64_t events = 0;

  std::string text() const {
    return "requests " + std::to_string(requests) + "\nbody_bytes " + std::to_string(body_bytes) + "\nresponse_bytes " +
           std::to_string(response_bytes) + "\nws_messages " + std::to_string(ws_messages) + "\nevents " +
           std::to_string(events) + "\n";
  }
};

}  // namespace sluice::bench
