// resolver and resolver_timeout.
#include <sluice/base/strings.h>
#include <sluice/server/builder.h>

#include "server/core_conf.h"
#include "server/resolver_line.h"

namespace sluice {

namespace {

constexpr uint16_t kDnsPort = 53;

Result<void> add_server(const DirectiveUse& use, std::string_view server, ResolverOptions& options) {
  auto addresses = use.block.builder().files().resolve(std::string(server), kDnsPort);
  if (!addresses) return use.error(concat(addresses.error().kind == ErrorKind::not_found ? "host not found" : "invalid address", " in resolver \"", server, '"'));
  options.servers.insert(options.servers.end(), addresses->begin(), addresses->end());
  return {};
}

Result<void> set_parameter(const DirectiveUse& use, std::string_view parameter, ResolverOptions& options) {
  const Error invalid = use.error(concat("invalid parameter: ", parameter));
  const size_t equals = parameter.find('=');
  const std::string_view name = parameter.substr(0, equals), value = parameter.substr(equals + 1);
  if (name == "valid" || name == "stale") {
    const auto time = parse_time_s(value);
    if (!time || (name == "valid" && time->count() == 0)) return invalid;
    if (name == "valid") options.valid = *time;
    else options.stale = *time;
  } else if (name == "ipv4" || name == "ipv6") {
    const auto on = parse_flag(value);
    if (!on) return invalid;
    (name == "ipv4" ? options.ipv4 : options.ipv6) = *on;
  } else if (name == "status_zone") {
    return use.error("the parameter \"status_zone\" is not supported: the metrics count what the resolver does");
  } else {
    return invalid;
  }
  return {};
}

Result<void> set_resolver(DirectiveUse& use) {
  TRY_ASSIGN(use.conf_as<CoreConf>().resolver, parse_resolver(use));
  return {};
}

constexpr uint32_t kPlaces = kHttp | kServer | kLocation;

constexpr Directive kRows[] = {
    {"resolver", kPlaces, 1, -1, BlockShape::none, Repeat::once, &set_resolver, nullptr, "", kResolverHelp},
    rows::time<&CoreConf::resolver_timeout>("resolver_timeout", kPlaces, "30s", "How long a request waits for a name to be resolved; then it is answered with 502."),
};

}  // namespace

std::span<const Directive> resolver_directives() { return kRows; }

Result<std::shared_ptr<const ResolverOptions>> parse_resolver(const DirectiveUse& use) {
  auto options = std::make_shared<ResolverOptions>();
  if (use.count() == 1 && use.arg(0) == "off") {
    options->off = true;
    return std::shared_ptr<const ResolverOptions>(std::move(options));
  }
  for (size_t i = 0; i < use.count(); ++i) {
    const bool is_parameter = use.arg(i).find('=') != std::string_view::npos;
    TRY(is_parameter ? set_parameter(use, use.arg(i), *options) : add_server(use, use.arg(i), *options));
  }
  if (options->servers.empty()) return use.error("no name servers defined");
  if (!options->ipv4 && !options->ipv6) return use.error("\"ipv4\" and \"ipv6\" cannot both be \"off\"");
  return std::shared_ptr<const ResolverOptions>(std::move(options));
}

}  // namespace sluice
