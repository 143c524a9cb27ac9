#include "upstream/retry_policy.h"

#include <algorithm>

namespace sluice {

uint32_t NextUpstreamPolicy::condition_of(int status) {
  switch (status) {
    case 500: return kNextHttp500;
    case 502: return kNextHttp502;
    case 503: return kNextHttp503;
    case 504: return kNextHttp504;
    case 403: return kNextHttp403;
    case 404: return kNextHttp404;
    case 429: return kNextHttp429;
    default: return 0;
  }
}

bool NextUpstreamPolicy::again(const UpstreamRequest& request, const AttemptResult& result) const {
  if ((conf_.next_upstream & kNextOff) != 0) return false;
  uint32_t condition = 0;
  switch (result.kind) {
    case AttemptResult::Kind::connect_failed:
    case AttemptResult::Kind::io_error: condition = kNextError; break;
    case AttemptResult::Kind::timeout: condition = kNextTimeout; break;
    case AttemptResult::Kind::invalid_header: condition = kNextInvalidHeader; break;
    case AttemptResult::Kind::http_status: condition = condition_of(result.status); break;
    case AttemptResult::Kind::success:
    case AttemptResult::Kind::client_gone: return false;
  }
  if ((conf_.next_upstream & condition) == 0) return false;
  // A request that may have been carried out is repeated only if doing it twice does no harm.
  if (result.sent && !method_is_idempotent(request.method) && (conf_.next_upstream & kNextNonIdempotent) == 0) return false;
  const uint64_t peers = std::max<uint64_t>({request.upstream.peers().size(), addresses_, 1});
  const uint64_t most = (conf_.next_upstream_tries != 0 ? conf_.next_upstream_tries : peers) + request.more_tries;
  if (request.tries >= most) return false;
  const Tick now = Clock::of_thread().now();
  return conf_.next_upstream_timeout.count() == 0 || now - started_ < static_cast<Tick>(conf_.next_upstream_timeout.count());
}

}  // namespace sluice
