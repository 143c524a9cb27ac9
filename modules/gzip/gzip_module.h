// GzipModule: rows, variables and the state that the filters share.
#pragma once

#include <sluice/sluice.h>

#include "gzip_filters.h"

namespace sluice {

class GzipModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;
  Result<void> finish_location(BlockScope& scope, const void* conf) override;
  Result<void> start(ProcessContext& process, const Generation& generation) override;

  static const GzipModule& of(const Exchange& exchange);
  const GzipConf& conf(const Exchange& exchange) const { return *static_cast<const GzipConf*>(exchange.location().module_conf(conf_slot_)); }
  // state is made on first use.
  GzipState& state(Exchange& exchange) const;
  // found_state is null when neither filter has worked on the exchange.
  GzipState* found_state(Exchange& exchange) const { return static_cast<GzipState*>(exchange.slot(exchange_slot_)); }
  DeflaterPool& pool() const { return pool_; }
  void count_limit() const {
    if (metrics_ != nullptr) metrics_->add(limit_hits_);
  }

 private:
  uint32_t conf_slot_ = 0;
  uint32_t exchange_slot_ = 0;
  Metrics* metrics_ = nullptr;
  Counter limit_hits_;
  mutable DeflaterPool pool_;  // used on the loop's thread only
};

}  // namespace sluice
