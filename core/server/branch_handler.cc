#include "server/branch_handler.h"

#include "server/exchange_runtime.h"

namespace sluice {

Task<Outcome> BranchHandler::run(Exchange& exchange) const {
  auto& runtime = ExchangeRuntime::of(exchange);
  if (!condition_->holds(exchange)) {
    runtime.skip_handlers(scripts_);
  } else if (inside_ != nullptr) {
    runtime.enter_branch(*inside_);
  }
  return Outcome::next();
}

Task<Outcome> RerouteHandler::run(Exchange& exchange) const {
  return exchange.seeks_location() ? Outcome::reroute() : Outcome::next();
}

}  // namespace sluice
