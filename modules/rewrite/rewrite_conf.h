// RewriteConf: the values of this module for a block, and how its scripts find those of the place they run in.
#pragma once

#include <sluice/server/exchange.h>

namespace sluice {

struct RewriteConf {
  bool log = false;  // rewrite_log
};

class RewriteConfSlot {
 public:
  explicit RewriteConfSlot(uint32_t slot = 0) : slot_(slot) {}
  // logs: rewrite_log holds where the exchange is now.
  bool logs(const Exchange& exchange) const {
    return static_cast<const RewriteConf*>(exchange.location().module_conf(slot_))->log;
  }

 private:
  uint32_t slot_;
};

}  // namespace sluice
