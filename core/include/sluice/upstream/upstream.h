// Upstream: a named group of peers, and the small interfaces that decide one step of an attempt each.
//
// The life of a proxied request: Gate (may the upstream take one more?) -> Balancer (which usable peer?) -> Gate (may this peer?) ->
// attempt -> AttemptObservers (how did it end?) -> RetryPolicy (again?). The core has none of these policies itself; modules have.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/clock.h>
#include <sluice/base/error.h>
#include <sluice/conf/directive.h>
#include <sluice/event/task.h>
#include <sluice/os/address.h>
#include <sluice/server/exchange.h>
#include <sluice/server/generation.h>
#include <sluice/server/process_context.h>

namespace sluice {

// The state of a peer that all processes share; in the upstream's zone, alive across reloads and worker deaths.
struct PeerState {
  std::atomic<uint64_t> key;            // which peer this is; 0: free
  std::atomic<uint32_t> active;         // requests in progress, of upstreams with a gate or a balancer of choice; others don't count
  std::atomic<uint32_t> fails;          // nginx's: failures in the current fail_timeout window
  std::atomic<uint64_t> failed_at_ms;   // monotonic; last failure
  std::atomic<uint64_t> checked_ms;     // monotonic; when the window was last looked at
  std::atomic<int64_t> weight_state;    // for balancers
  std::atomic<uint64_t> kept_ms;        // monotonic; when a process last said that it has this peer
};

// One address of an upstream, with the parameters of its `server` line.
struct Peer {
  Address address;
  std::string name;                 // "127.0.0.1:8080": $upstream_addr
  std::string server;               // as written in the configuration
  uint32_t index = 0;               // in Upstream::peers()
  uint32_t weight = 1;
  uint32_t max_fails = 1;
  Milliseconds fail_timeout{10'000};
  uint32_t max_conns = 0;           // 0: no limit
  bool backup = false;
  bool down = false;
  PeerState* state = nullptr;       // never null once built
};

class Upstream;

// Where an attempt goes: a peer of the group, or an address that a balancer made up (balancer_by_lua).
struct AttemptTarget {
  const Peer* peer = nullptr;       // null for a made-up address
  Address address;                  // valid when peer == null
  std::string_view name;            // "ip:port", for logs
};

// The request's way through an upstream: one per proxied exchange, several attempts.
class SLUICE_API UpstreamRequest {
 public:
  UpstreamRequest(Exchange& its_exchange, const Upstream& its_upstream) : exchange(its_exchange), upstream(its_upstream) {}
  Exchange& exchange;
  const Upstream& upstream;
  Method method = Method::unknown;  // as the peer gets it (proxy_method)
  AttemptTarget target;             // of the current attempt
  uint32_t tries = 0;               // attempts made before this one
  uint32_t more_tries = 0;          // extra ones that a balancer asked for (set_more_tries)
  // tried: peers that failed this request already.
  bool tried(const Peer& peer) const { return peer.index < 64 && (tried_bits_ >> peer.index & 1) != 0; }
  void mark_tried(const Peer& peer) { if (peer.index < 64) tried_bits_ |= uint64_t{1} << peer.index; }
  void clear_tried() { tried_bits_ = 0; }
  // What the last attempt ended with: 0 before the first.
  int last_status = 0;
  bool last_failed = false;
  // Per-request overrides (ngx.balancer.set_timeouts); 0 = the location's.
  Milliseconds connect_timeout{0};
  Milliseconds send_timeout{0};
  Milliseconds read_timeout{0};
  void* balancer_data = nullptr;    // the balancer's own, for this request

 private:
  uint64_t tried_bits_ = 0;
};

// How an attempt ended.
struct AttemptResult {
  enum class Kind : uint8_t { success, connect_failed, timeout, io_error, invalid_header, http_status, client_gone } kind = Kind::success;
  int status = 0;                   // of the response, when there was one
  bool counts_as_failure = false;   // against the peer (max_fails)
  bool sent = true;                 // something of the request may have reached the peer
};

// usable: not down, allowed by every gate, not tried yet for this request.
class Balancer {
 public:
  virtual ~Balancer() = default;
  // pick sets request.target. Errors: unavailable (`no live upstreams`), or what the balancer says. Must not wait.
  virtual Result<void> pick(UpstreamRequest& request) = 0;
  virtual std::string_view name() const = 0;
};

class Gate {
 public:
  virtual ~Gate() = default;
  virtual bool allows(const Peer& peer, const UpstreamRequest& request) const = 0;
};

class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  virtual void started(UpstreamRequest& request) = 0;
  virtual void ended(UpstreamRequest& request, const AttemptResult& result) = 0;
};

class RetryPolicy {
 public:
  virtual ~RetryPolicy() = default;
  // again says whether the failed attempt may be repeated on another peer. Asked only while nothing was sent to the client.
  virtual bool again(const UpstreamRequest& request, const AttemptResult& result) const = 0;
};

// Peers come and go while sluice runs (names are looked up again), so a balancer that keeps something per peer makes it anew when
// version() has moved. A request may finish with a peer that is not in the list any more: Peer and PeerState live as long as it does.
class PeerSource {
 public:
  virtual ~PeerSource() = default;
  // peers of the upstream now, maybe none; `version` moves when they change. The span is good until the next wait.
  virtual std::span<const Peer> peers() const = 0;
  virtual uint64_t version() const = 0;
};

class SLUICE_API Upstream {
 public:
  virtual ~Upstream() = default;
  virtual const std::string& name() const = 0;
  virtual const PeerSource& source() const = 0;
  std::span<const Peer> peers() const { return source().peers(); }
  virtual Balancer& balancer() const = 0;
  // usable asks down, every gate and the request's tried set.
  virtual bool usable(const Peer& peer, const UpstreamRequest& request) const = 0;
};

// A balancer module provides this under kind "balancer": makes the balancer of one upstream. `conf` is the module's upstream_conf
// struct of that block (null when it declared none).
struct BalancerFactory {
  std::unique_ptr<Balancer> (*create)(const Upstream& upstream, const void* conf);
};

// UpstreamScope is the upstream block under construction: rows with context kUpstream find it by use.block.owner<UpstreamScope>().
class SLUICE_API UpstreamScope {
 public:
  virtual ~UpstreamScope() = default;
  // set_balancer chooses how peers are picked; a second one is an error at the row's place. The function runs when the upstream is built.
  virtual Result<void> set_balancer(const DirectiveUse& use, std::unique_ptr<Balancer> (*create)(const Upstream&, const void* data),
                                    const void* data) = 0;
  // refuse_backups: with this balancer a server that is a `backup` is a configuration error. SRV records bring backups all the same:
  // see Primaries.
  virtual void refuse_backups() = 0;
  virtual void add_gate(std::unique_ptr<Gate> gate) = 0;
  virtual void add_observer(std::unique_ptr<AttemptObserver> observer) = 0;
  virtual const std::string& name() const = 0;
  // peers_change: other peers may come while sluice runs, with the parameters that these have.
  virtual bool peers_change() const = 0;
};

// Kind "upstream_policy": a module that wants to add gates and observers to every upstream provides this. Of a `server` that stands for
// no address yet, `peers` has one without an address.
struct UpstreamPolicyFactory {
  void (*attach)(UpstreamScope& scope, std::span<const Peer> peers);
};

}  // namespace sluice
