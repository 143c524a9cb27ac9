// Resolver: names to addresses, asked over the network without waiting in a thread (c-ares on our loop).
//
//   resolve ──> numeric? hosts file? ──> at once
//          └──> cached and valid? ─────> at once, no frame
//          └──> one question per name is on its way; all who want the name wait for the same answer
//
// An answer counts as long as its TTL says (`valid=` replaces it; at least one second, at most a day). When nobody gives a new one (no
// server answers, or they all fail), the last good answer stays in use: that is a stale answer, which is counted, and logged when it
// begins. A name that does not exist is no failure: it has no addresses from then on, and is asked again after a second.
//
// Belongs to one thread, as everything on a loop. Names are ASCII, without regard to case; a final dot means that the search list of the
// system is not tried.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/clock.h>
#include <sluice/base/error.h>
#include <sluice/event/event_loop.h>
#include <sluice/event/task.h>
#include <sluice/os/address.h>

namespace sluice {

class Metrics;

// What a `resolver` directive says.
struct ResolverOptions {
  bool off = false;                     // names are not looked up at all
  std::vector<std::string> servers;     // "ip:port", asked in turn; empty: the system's (/etc/resolv.conf), with its search list
  Milliseconds valid{0};                // how long an answer counts; 0: as long as its TTL says
  std::optional<Milliseconds> stale;    // how long a last good answer is used after its time; nothing: without a limit
  bool ipv4 = true;
  bool ipv6 = true;
  Milliseconds timeout{30'000};         // resolver_timeout
  bool operator==(const ResolverOptions&) const = default;
};

// One SRV record (RFC 2782).
struct ServiceRecord {
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint16_t port = 0;
  std::string host;
  bool operator==(const ServiceRecord&) const = default;
};

// What is known about a name. Immutable.
struct NameAnswer {
  std::vector<Address> addresses;       // with port 0; IPv4 first, each kind sorted
  std::vector<ServiceRecord> services;  // by priority; only for Resolver::Kind::service
  Tick valid_until = 0;
};

class SLUICE_API Resolver {
 public:
  enum class Kind : uint8_t { address, service };
  // Shared, because a request goes on with the answer it got while the cache has a newer one already.
  using Answer = std::shared_ptr<const NameAnswer>;

  // `metrics` may be null.
  Resolver(EventLoop& loop, ResolverOptions options, Metrics* metrics);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  const ResolverOptions& options() const;

  // find gives the addresses of a name if they are known and valid now; null when resolve would have to ask.
  Answer find(std::string_view name);

  // resolve gives what is known about a name, and asks if need be. At least one address, or service. Waits at most options().timeout.
  // Errors, all the upstream's, their text nginx's: not_found (`x could not be resolved (3: Host not found)`), timeout (`... (110:
  // Operation timed out)`), unavailable (`... (2: Server failure)` and others, `no resolver defined to resolve x` when it is off).
  // `name` need not outlive the call. Destroying the task ends the wait, and the question goes on for those who ask next.
  Task<Result<Answer>> resolve(std::string_view name, Kind kind = Kind::address);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
