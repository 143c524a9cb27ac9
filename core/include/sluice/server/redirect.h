// Redirects that sluice makes itself: what stands in their Location.
#pragma once

#include <string_view>

#include <sluice/base/api.h>
#include <sluice/server/exchange.h>

namespace sluice {

// absolute_location puts scheme, host and port before a location that begins with "/", as absolute_redirect,
// server_name_in_redirect and port_in_redirect say; others stay as they are. The text lives as long as the exchange.
SLUICE_API std::string_view absolute_location(Exchange& exchange, std::string_view location);

}  // namespace sluice
