// UpstreamBuilder: an upstream block while its directives are applied, and how it becomes an UpstreamGroup.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/server/builder.h>
#include <sluice/upstream/upstream.h>

#include "upstream/peer_states.h"
#include "upstream/upstream_group.h"

namespace sluice {

class UpstreamBuilder final : public UpstreamScope {
 public:
  UpstreamBuilder(std::string name, ConfigPlace place) : group_(std::make_unique<UpstreamGroup>(std::move(name))), place_(place) {}

  Result<void> set_balancer(const DirectiveUse& use, std::unique_ptr<Balancer> (*create)(const Upstream&, const void*),
                            const void* data) override;
  void refuse_backups() override { refuses_backups_ = true; }
  void add_gate(std::unique_ptr<Gate> gate) override { group_->gates_.push_back(std::move(gate)); }
  void add_observer(std::unique_ptr<AttemptObserver> observer) override { group_->observers_.push_back(std::move(observer)); }
  const std::string& name() const override { return group_->name(); }
  bool peers_change() const override { return group_->peers_.change(); }
  const ConfigPlace& place() const { return place_; }

  // add_server makes one `server` line: address is "host[:port]" or "unix:/path".
  struct ServerParameters {
    Peer like;
    bool weight_given = false;
    bool resolve = false;    // a name that has no address yet is no error
    std::string service;     // of `service=`
  };
  Result<void> add_server(ConfigBuilder& builder, const ConfigPlace& place, std::string_view address, const ServerParameters& parameters);
  KeepaliveLimits& keepalive() { return group_->keepalive; }
  ResolverOptions& resolver() { return group_->resolver; }
  bool empty() const { return group_->peers_.lines().empty(); }
  // room is how many peers it may have at once, more or less.
  size_t room() const;

  // finish attaches shared state, policies and the balancer (default: round_robin).
  Result<std::unique_ptr<UpstreamGroup>> finish(ConfigBuilder& builder, PeerStates& states, const OwnAddresses& own);

 private:
  Result<void> follow_no_names();
  std::vector<Peer> kinds_of_peers() const;

  std::unique_ptr<UpstreamGroup> group_;
  ConfigPlace place_;
  std::unique_ptr<Balancer> (*create_balancer_)(const Upstream&, const void*) = nullptr;
  const void* balancer_data_ = nullptr;
  bool refuses_backups_ = false;
  std::optional<ConfigPlace> backup_place_;  // of the first backup server
  std::string balancer_directive_;
};

}  // namespace sluice
