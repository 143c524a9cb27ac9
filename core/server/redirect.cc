#include <sluice/server/redirect.h>

#include "server/routing.h"
#include "server/variable_text.h"

namespace sluice {

std::string_view absolute_location(Exchange& exchange, std::string_view location) {
  const CoreConf& core = exchange.location().core;
  if (!core.absolute_redirect || !location.starts_with('/')) return location;
  std::string_view host = exchange.request().host;
  if (core.server_name_in_redirect || host.empty()) host = exchange.server().primary_name;
  if (host.empty()) host = exchange.arena().copy(exchange.server_address().host_text());
  constexpr uint16_t kHttpPort = 80;
  const uint16_t port = exchange.server_address().port();
  if (!core.port_in_redirect || port == kHttpPort || port == 0) return exchange.arena().concat("http://", host, location);
  return exchange.arena().concat("http://", host, ":", decimal(exchange, port), location);
}

}  // namespace sluice
