// NameWatch: looks the name of a `server` line up again whenever the last answer has become too old, and puts what it is now into the
// group. When DNS fails, or knows the name no more, the last peers stay: a group that had peers is never emptied by DNS.
//
// Every process that serves has its own watches: each asks once per TTL.
#pragma once

#include <memory>
#include <vector>

#include <sluice/event/event_loop.h>
#include <sluice/net/resolver.h>

#include "upstream/upstream_group.h"

namespace sluice {

class NameWatch {
 public:
  // Watches the line until it is destroyed; the first question goes out after `delay`. REQUIRES: the group lives longer, and the line
  // follows a name.
  NameWatch(UpstreamGroup& group, size_t line, std::shared_ptr<Resolver> resolver, Milliseconds delay);

 private:
  Task<void> follow(Milliseconds delay);
  Task<Result<std::vector<Peer>>> look_up();
  Task<Result<std::vector<Peer>>> look_up_host();
  Task<Result<std::vector<Peer>>> look_up_service();
  const ServerLine& line() const { return group_.live_peers().lines()[line_]; }
  void take(std::vector<Peer> peers);
  void tell_failure(const Error& error);

  UpstreamGroup& group_;
  const size_t line_;
  const std::shared_ptr<Resolver> resolver_;
  Tick valid_until_ = 0;
  bool failing_ = false;
  Flow flow_;
};

// peer_at gives a peer with the parameters of `line` at an address whose port is set.
Peer peer_at(const ServerLine& line, const Address& address);

// rank_services says which SRV records of an answer count, and how (RFC 2782 with nginx's meaning): those of the lowest priority are
// primary, the others backup; if the line is a backup one itself, those of the lowest priority are, and the others are not used.
struct RankedService {
  const ServiceRecord* record;
  bool backup;
};
std::vector<RankedService> rank_services(const std::vector<ServiceRecord>& records, bool line_is_backup);

}  // namespace sluice
