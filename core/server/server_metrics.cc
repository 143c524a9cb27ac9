#include "server/server_metrics.h"

#include <sluice/log/log.h>

namespace sluice {

ServerMetrics::ServerMetrics(Metrics* metrics) : metrics_(metrics) {
  if (metrics == nullptr) return;
  auto take = [](auto& handle, auto result) {
    if (result) handle = *result;
    else LOG(Logger::process(), alert, result.error().text);
  };
  take(accepted_, metrics->counter("sluice_connections_accepted_total", "Client connections accepted."));
  take(active_, metrics->gauge("sluice_connections_active", "Client connections open now."));
  take(requests_, metrics->counter("sluice_requests_total", "Requests read."));
  take(in_progress_, metrics->gauge("sluice_requests_in_progress", "Requests being served now."));
  static constexpr std::string_view kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < 5; ++i) {
    take(by_class_[i], metrics->counter(concat("sluice_responses_total{class=\"", kClasses[i], "\"}"), "Responses by class of status."));
  }
  static constexpr std::string_view kLimits[] = {"worker_connections", "request_head", "request_body", "client_header_timeout", "client_body_min_rate",
                                                 "chunk_extras"};
  for (size_t i = 0; i < static_cast<size_t>(Limit::count); ++i) {
    take(limits_[i], metrics->counter(concat("sluice_limit_hits_total{limit=\"", kLimits[i], "\"}"), "How often a limit was hit."));
  }
}

}  // namespace sluice
