// upstream NAME { server ...; keepalive ...; }

#include <sluice/server/builder.h>
#include <sluice/server/resolvers.h>

#include "server/core_conf.h"
#include "server/resolver_line.h"
#include "upstream/directives.h"
#include "upstream/upstream_module.h"

namespace sluice {

namespace {

UpstreamBuilder& upstream_of(DirectiveUse& use) { return static_cast<UpstreamBuilder&>(use.block.owner<UpstreamScope>()); }

Result<void> begin_upstream(DirectiveUse& use) {
  TRY_ASSIGN(UpstreamBuilder * builder,
             use.module_as<UpstreamModule>().begin_upstream(use.node.place, std::string(use.arg(0))));
  builder->resolver() = resolver_options(*static_cast<const CoreConf*>(use.block.conf_of(kCoreConfSlot)));
  return use.block.apply_children(use.node, kUpstream, static_cast<UpstreamScope*>(builder));
}

Result<uint32_t> number_of(const DirectiveUse& use, std::string_view parameter, std::string_view value) {
  auto number = parse_uint(value);
  if (!number || *number > UINT32_MAX) return use.error(concat("invalid parameter \"", parameter, '"'));
  return static_cast<uint32_t>(*number);
}

Result<void> add_server(DirectiveUse& use) {
  UpstreamBuilder::ServerParameters parameters;
  Peer& peer = parameters.like;
  for (size_t i = 1; i < use.count(); ++i) {
    const std::string_view parameter = use.arg(i);
    const size_t equals = parameter.find('=');
    const std::string_view name = parameter.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
    if (name == "weight" && equals != std::string_view::npos) {
      TRY_ASSIGN(peer.weight, number_of(use, parameter, value));
      if (peer.weight == 0) return use.error(concat("invalid parameter \"", parameter, '"'));
      parameters.weight_given = true;
    } else if (name == "max_fails" && equals != std::string_view::npos) {
      TRY_ASSIGN(peer.max_fails, number_of(use, parameter, value));
    } else if (name == "max_conns" && equals != std::string_view::npos) {
      TRY_ASSIGN(peer.max_conns, number_of(use, parameter, value));
    } else if (name == "fail_timeout" && equals != std::string_view::npos) {
      auto time = parse_time_s(value);
      if (!time) return use.error(concat("invalid parameter \"", parameter, '"'));
      peer.fail_timeout = *time;
    } else if (parameter == "backup") {
      peer.backup = true;
    } else if (parameter == "down") {
      peer.down = true;
    } else if (parameter == "resolve") {
      parameters.resolve = true;
    } else if (name == "service" && equals != std::string_view::npos) {
      if (value.empty()) return use.error("service is empty");
      parameters.service = std::string(value);
    } else {
      return use.error(concat("invalid parameter \"", parameter, '"'));
    }
  }
  if (!parameters.service.empty() && !parameters.resolve) {
    return use.error(concat("service upstream \"", use.arg(0), "\" requires \"resolve\" parameter"));
  }
  return upstream_of(use).add_server(use.block.builder(), use.node.place, use.arg(0), parameters);
}

Result<void> set_resolver(DirectiveUse& use) {
  TRY_ASSIGN(const auto options, parse_resolver(use));
  const Milliseconds timeout = upstream_of(use).resolver().timeout;
  upstream_of(use).resolver() = *options;
  upstream_of(use).resolver().timeout = timeout;
  return {};
}

Result<void> set_resolver_timeout(DirectiveUse& use) {
  TRY_ASSIGN(upstream_of(use).resolver().timeout, rows::time_value(use));
  return {};
}

Result<void> set_keepalive(DirectiveUse& use) {
  TRY_ASSIGN(uint64_t number, rows::number_value(use));
  upstream_of(use).keepalive().connections = static_cast<uint32_t>(std::min<uint64_t>(number, UINT32_MAX));
  return {};
}
Result<void> set_keepalive_requests(DirectiveUse& use) {
  TRY_ASSIGN(upstream_of(use).keepalive().requests, rows::number_value(use));
  return {};
}
Result<void> set_keepalive_timeout(DirectiveUse& use) {
  TRY_ASSIGN(upstream_of(use).keepalive().idle, rows::time_value(use));
  return {};
}
Result<void> set_keepalive_time(DirectiveUse& use) {
  TRY_ASSIGN(upstream_of(use).keepalive().age, rows::time_value(use));
  return {};
}

Result<void> check_zone(DirectiveUse& use) {
  if (use.count() == 2 && !parse_size(use.arg(1))) return use.error(concat("invalid zone size \"", use.arg(1), '"'));
  return {};
}

constexpr Directive kRows[] = {
    {"upstream", kHttp, 1, 1, BlockShape::block, Repeat::any, &begin_upstream, nullptr, "", "Defines a named group of servers for proxy_pass."},
    {"server", kUpstream, 1, -1, BlockShape::none, Repeat::any, &add_server, nullptr, "",
     "A peer: address[:port] or unix:path, with weight=, max_conns=, max_fails=, fail_timeout=, backup, down. A name stands for all its "
     "addresses; it is looked up when the configuration is loaded and again whenever its TTL ends, with or without `resolve`. With "
     "`resolve` it need not exist yet. `service=http resolve` asks for SRV records: the lowest priority is primary, the others are backup."},
    {"zone", kUpstream, 1, 2, BlockShape::none, Repeat::once, &check_zone, nullptr, "",
     "Accepted without effect: what is known about peers (failures, requests in progress) is always shared by all workers."},
    {"resolver", kUpstream, 1, -1, BlockShape::none, Repeat::once, &set_resolver, nullptr, "", kResolverHelp},
    {"resolver_timeout", kUpstream, 1, 1, BlockShape::none, Repeat::once, &set_resolver_timeout, nullptr, "30s",
     "How long to wait for an answer about a name of this upstream."},
    {"keepalive", kUpstream, 1, 1, BlockShape::none, Repeat::once, &set_keepalive, nullptr, "32",
     "How many idle connections each worker keeps open to each peer; 0 keeps none."},
    {"keepalive_requests", kUpstream, 1, 1, BlockShape::none, Repeat::once, &set_keepalive_requests, nullptr, "1000",
     "How many requests one upstream connection serves before it is closed."},
    {"keepalive_timeout", kUpstream, 1, 1, BlockShape::none, Repeat::once, &set_keepalive_timeout, nullptr, "60s",
     "How long an idle upstream connection is kept."},
    {"keepalive_time", kUpstream, 1, 1, BlockShape::none, Repeat::once, &set_keepalive_time, nullptr, "1h",
     "How old an upstream connection may become."},
};

}  // namespace

std::span<const Directive> upstream_directives() { return kRows; }

}  // namespace sluice
