// NextUpstreamPolicy: proxy_next_upstream and its limits, with nginx's meaning.
#pragma once

#include <sluice/upstream/upstream.h>

#include "upstream/proxy_conf.h"

namespace sluice {

class NextUpstreamPolicy final : public RetryPolicy {
 public:
  // `addresses` is how many there are to try when no group has them.
  NextUpstreamPolicy(const ProxyConf& conf, Tick started, size_t addresses) : conf_(conf), started_(started), addresses_(addresses) {}
  bool again(const UpstreamRequest& request, const AttemptResult& result) const override;

  // condition_of gives the proxy_next_upstream condition that a response status stands for; 0: none.
  static uint32_t condition_of(int status);

 private:
  const ProxyConf& conf_;
  Tick started_;
  size_t addresses_;
};

}  // namespace sluice
