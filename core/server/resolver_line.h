// What a `resolver` directive says, in http, server and location blocks and in those of upstreams.
#pragma once

#include <memory>
#include <string_view>

#include <sluice/conf/directive.h>
#include <sluice/net/resolver.h>

namespace sluice {

// parse_resolver reads the arguments: `address[:port] ... [valid=time] [stale=time|off] [ipv4=on|off] [ipv6=on|off]`, or `off`. A server
// given by name is looked up now. Errors: nginx's.
Result<std::shared_ptr<const ResolverOptions>> parse_resolver(const DirectiveUse& use);

inline constexpr std::string_view kResolverHelp =
    "DNS servers for names that are looked up while sluice runs: `resolver address[:port]... [valid=time] [stale=time] [ipv4=on|off] "
    "[ipv6=on|off]`. `valid=` replaces the TTL of answers; `stale=` limits how long the last good answer is used while DNS fails (without "
    "it: for ever; `stale=0`: not at all). Without this directive the system's servers and search list are asked (nginx refuses then); "
    "`resolver off` looks nothing up: names keep the addresses they had when the configuration was loaded.";

}  // namespace sluice
