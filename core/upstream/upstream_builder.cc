#include "upstream/upstream_builder.h"

#include <algorithm>

#include <sluice/base/strings.h>

#include "upstream/name_watch.h"

namespace sluice {

namespace {

constexpr size_t kRoomPerName = 64;  // for the peers that a name stands for, and once stood for

struct NamedHost {
  std::string_view host;
  std::string_view port;   // empty: none
};

NamedHost split_host(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || address.ends_with(']')) return {address, {}};
  return {address.substr(0, colon), address.substr(colon + 1)};
}

// has_valid_port: no port at all is one, too: 80.
bool has_valid_port(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const NamedHost named = split_host(address);
  if (named.port.data() == nullptr) return true;
  const auto port = parse_uint(named.port);
  return port && *port > 0 && *port <= UINT16_MAX;
}

// service_name joins `service=` and the name of its line, as nginx does: "http" stands for "_http._tcp".
std::string service_name(std::string_view service, std::string_view host) {
  if (service.find('.') == std::string_view::npos) return concat('_', service, "._tcp.", host);
  return concat(service, '.', host);
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

Result<void> UpstreamBuilder::add_server(ConfigBuilder& builder, const ConfigPlace& place, std::string_view address, const ServerParameters& parameters) {
  if (parameters.like.backup && !backup_place_) backup_place_ = place;
  if (!has_valid_port(address)) return config_error(place, concat("invalid port in upstream \"", address, '"'));
  const bool is_name = !address.starts_with("unix:") && !Address::parse(address, 80);
  const NamedHost named = split_host(address);
  if (!parameters.service.empty() && (!is_name || !named.port.empty())) {
    return config_error(place, concat("service upstream \"", address, is_name ? "\" may not have port" : "\" requires domain name"));
  }
  std::vector<std::string> texts;
  if (parameters.service.empty()) {
    auto found = builder.files().resolve(std::string(address), 80);
    if (found) texts = std::move(*found);
    else if (!is_name || !parameters.resolve) return config_error(place, concat("host not found in upstream \"", address, '"'));
  }
  ServerLine& line = group_->peers_.add_line();
  line.like = parameters.like;
  line.like.server = std::string(address);
  line.weight_given = parameters.weight_given;
  line.resolve = parameters.resolve;
  if (is_name) {
    line.host = std::string(named.host);
    line.port = static_cast<uint16_t>(parse_uint(named.port).value_or(80));
    if (!parameters.service.empty()) line.service = service_name(parameters.service, named.host);
  }
  for (const std::string& text : texts) {
    auto parsed = Address::parse(text, 80);
    if (!parsed) return config_error(place, parsed.error().text);
    line.peers.push_back(peer_at(line, *parsed));
  }
  return {};
}

// `resolver off`: names keep the addresses that they have now.
Result<void> UpstreamBuilder::follow_no_names() {
  for (ServerLine& line : group_->peers_.lines()) {
    if (line.resolve) return config_error(place_, concat("no resolver defined to resolve names at run time in upstream \"", name(), '"'));
    line.host.clear();
  }
  return {};
}

size_t UpstreamBuilder::room() const {
  size_t room = 0;
  for (const ServerLine& line : group_->peers_.lines()) room += line.peers.size() + (line.follows_name() ? kRoomPerName : 0);
  return room;
}

std::vector<Peer> UpstreamBuilder::kinds_of_peers() const {
  std::vector<Peer> kinds;
  for (const ServerLine& line : group_->peers_.lines()) {
    kinds.insert(kinds.end(), line.peers.begin(), line.peers.end());
    if (line.peers.empty()) kinds.push_back(line.like);
  }
  return kinds;
}

Result<std::unique_ptr<UpstreamGroup>> UpstreamBuilder::finish(ConfigBuilder& builder, PeerStates& states, const OwnAddresses& own) {
  if (refuses_backups_ && backup_place_) return config_error(*backup_place_, "balancing method does not support parameter \"backup\"");
  if (group_->resolver.off) TRY(follow_no_names());
  group_->peers_.join(group_->name(), states, own);
  if (const auto* policy = static_cast<const UpstreamPolicyFactory*>(builder.provider("upstream_policy", "peer_limits"))) {
    policy->attach(*this, kinds_of_peers());
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
