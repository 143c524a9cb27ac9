// ServerMetrics: what the client side counts. Without a Metrics (unit tests) it counts nothing.
#pragma once

#include <sluice/metrics/metrics.h>

namespace sluice {

class ServerMetrics {
 public:
  // Limits that outside input can hit; one counter each.
  enum class Limit : uint8_t { worker_connections, request_head, request_body, header_timeout, body_rate, chunk_extras, count };

  explicit ServerMetrics(Metrics* metrics);

  void connection_begins() { add(accepted_), change(active_, 1); }
  void connection_ends() { change(active_, -1); }
  void request_begins() { add(requests_), change(in_progress_, 1); }
  void request_ends(int status) {
    change(in_progress_, -1);
    if (status >= 100 && status < 600) add(by_class_[status / 100 - 1]);
  }
  void limit_hit(Limit limit) { add(limits_[static_cast<size_t>(limit)]); }

 private:
  void add(Counter counter) {
    if (metrics_ != nullptr) metrics_->add(counter);
  }
  void change(Gauge gauge, int64_t by) {
    if (metrics_ != nullptr) metrics_->add(gauge, by);
  }

  Metrics* metrics_;
  Counter accepted_, requests_, by_class_[5], limits_[static_cast<size_t>(Limit::count)];
  Gauge active_, in_progress_;
};

}  // namespace sluice
