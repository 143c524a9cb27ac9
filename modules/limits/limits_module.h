// LimitsModule: the zones of limit_req_zone and limit_conn_zone, and the rows.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <sluice/sluice.h>

#include "limit_handlers.h"

namespace sluice {

class LimitsModule final : public Module, private SlotTravel {
 public:
  void declare(ModuleDeclarations& declarations) override;
  Result<void> finish_location(BlockScope& scope, const void* conf) override;
  Result<void> start(ProcessContext& process, const Generation& generation) override;

  // The state is that of the client's request: a subrequest counts with it, once.
  LimitState& state(Exchange& exchange) const;
  LimitState* found_state(Exchange& exchange) const { return static_cast<LimitState*>(client_request(exchange).slot(exchange_slot_)); }
  void count_refusal() const {
    if (metrics_ != nullptr) metrics_->add(refusals_);
  }

  std::map<std::string, std::unique_ptr<RequestZone>, std::less<>> request_zones;
  std::map<std::string, std::unique_ptr<ConnectionZone>, std::less<>> connection_zones;

 private:
  static Exchange& client_request(Exchange& exchange) {
    Exchange* request = &exchange;
    while (request->parent() != nullptr) request = request->parent();
    return *request;
  }
  uint64_t pack(void* state) const override { return static_cast<LimitState*>(state)->pack(); }
  void unpack(Exchange& exchange, uint64_t kept) const override { LimitState::unpack(kept, state(exchange), exchange.arena()); }
  Result<void> add_request_limits(BlockScope& scope, const LimitConf& conf);
  Result<void> add_connection_limits(BlockScope& scope, const LimitConf& conf);

  uint32_t exchange_slot_ = 0;
  Metrics* metrics_ = nullptr;
  Counter refusals_;
};

}  // namespace sluice
