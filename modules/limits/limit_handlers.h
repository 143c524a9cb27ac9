// The handlers of the preaccess phase, one per module of nginx: limit_req delays or refuses, limit_conn counts and refuses.
#pragma once

#include <vector>

#include <sluice/server/exchange.h>
#include <sluice/server/phase.h>

#include "connection_zone.h"
#include "limit_conf.h"
#include "request_zone.h"

namespace sluice {

// What $limit_req_status and $limit_conn_status show.
enum class LimitVerdict : uint8_t { none, passed, delayed, rejected, delayed_dry_run, rejected_dry_run };

// What the module keeps for an exchange: limits are applied once, whatever redirects follow, and what it counts for limit_conn is
// counted until it ends. While a WebSocket stands the state outlives the exchange, see SlotTravel.
class LimitState {
 public:
  LimitState() = default;
  ~LimitState();
  LimitState(const LimitState&) = delete;
  LimitState& operator=(const LimitState&) = delete;

  // hold takes over what has entered a zone.
  void hold(ConnectionZone& zone, const KeyId& key, Arena& arena);

  uint64_t pack();
  static void unpack(uint64_t packed, LimitState& state, Arena& arena);

  LimitVerdict request = LimitVerdict::none;
  LimitVerdict connection = LimitVerdict::none;

 private:
  struct Held {
    ConnectionZone* zone;
    KeyId key;
    Held* next;
  };
  struct Packed;
  Held* held_ = nullptr;  // in the exchange's arena
};

class LimitsModule;

class LimitReqHandler final : public PhaseHandler {
 public:
  struct Limit {
    RequestZone* zone;
    uint64_t burst;
    uint64_t delay_from;
  };
  LimitReqHandler(const LimitsModule& module, std::vector<Limit> limits, LimitBehaviour behaviour)
      : module_(module), limits_(std::move(limits)), behaviour_(behaviour) {}
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "limit_req"; }

 private:
  struct Asked {
    const Limit* limit;
    KeyId key;
    uint64_t excess = 0;
  };
  Outcome refuse(Exchange& exchange, LimitState& state, const Limit& limit, uint64_t excess) const;
  Task<Outcome> delay(Exchange& exchange, LimitState& state, const Limit& limit, uint64_t excess, Milliseconds time) const;
  static Task<Outcome> wait(Exchange& exchange, Milliseconds time);

  const LimitsModule& module_;
  std::vector<Limit> limits_;
  LimitBehaviour behaviour_;
};

class LimitConnHandler final : public PhaseHandler {
 public:
  struct Limit {
    ConnectionZone* zone;
    uint64_t most;
  };
  LimitConnHandler(const LimitsModule& module, std::vector<Limit> limits, LimitBehaviour behaviour)
      : module_(module), limits_(std::move(limits)), behaviour_(behaviour) {}
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "limit_conn"; }

 private:
  const LimitsModule& module_;
  std::vector<Limit> limits_;
  LimitBehaviour behaviour_;
};

}  // namespace sluice
