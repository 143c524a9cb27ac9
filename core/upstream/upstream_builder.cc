#include "upstream/upstream_builder.h"

#include <sluice/base/strings.h>

namespace sluice {

namespace {

// has_valid_port: no port at all is one, too: 80.
bool has_valid_port(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (address.starts_with("unix:") || colon == std::string_view::npos || address.ends_with(']')) return true;
  const auto port = parse_uint(address.substr(colon + 1));
  return port && *port > 0 && *port <= UINT16_MAX;
}

}  // namespace

Result<void> UpstreamBuilder::set_balancer(const DirectiveUse& use, std::unique_ptr<Balancer> (*create)(const Upstream&, const void*),
                                           const void* data) {
  if (create_balancer_ != nullptr) {
    return use.error(concat("load balancing method redefined: \"", use.row.name, "\" after \"", balancer_directive_, '"'));
  }
  create_balancer_ = create;
  balancer_data_ = data;
  balancer_directive_ = use.row.name;
  return {};
}

Result<void> UpstreamBuilder::add_server(ConfigBuilder& builder, const ConfigPlace& place, std::string_view address, const Peer& like) {
  if (like.backup && !backup_place_) backup_place_ = place;
  if (!has_valid_port(address)) return config_error(place, concat("invalid port in upstream \"", address, '"'));
  auto texts = builder.files().resolve(std::string(address), 80);
  if (!texts) return config_error(place, concat("host not found in upstream \"", address, '"'));
  for (const std::string& text : *texts) {
    auto parsed = Address::parse(text, 80);
    if (!parsed) return config_error(place, parsed.error().text);
    Peer peer = like;
    peer.address = *parsed;
    peer.name = parsed->text();
    peer.server = std::string(address);
    peer.index = static_cast<uint32_t>(group_->peers_.list.size());
    group_->peers_.list.push_back(std::move(peer));
  }
  return {};
}

Result<std::unique_ptr<UpstreamGroup>> UpstreamBuilder::finish(ConfigBuilder& builder, PeerStates& states) {
  if (refuses_backups_ && backup_place_) return config_error(*backup_place_, "balancing method does not support parameter \"backup\"");
  for (Peer& peer : group_->peers_.list) peer.state = &states.state(group_->name(), peer.name);
  if (const auto* policy = static_cast<const UpstreamPolicyFactory*>(builder.provider("upstream_policy", "peer_limits"))) {
    policy->attach(*this, group_->peers_.list);
  }
  if (create_balancer_ != nullptr || !group_->gates_.empty()) group_->counts_in_ = &states;
  if (create_balancer_ != nullptr) {
    group_->balancer_ = create_balancer_(*group_, balancer_data_);
  } else {
    const auto* factory = static_cast<const BalancerFactory*>(builder.provider("balancer", "round_robin"));
    if (factory == nullptr) return config_error(place_, "the module round_robin, which balances by default, is not there");
    group_->balancer_ = factory->create(*group_, nullptr);
  }
  return std::move(group_);
}

}  // namespace sluice
