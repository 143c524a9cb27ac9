// Which responses are compressed, for which requests: nginx's rules, with weights in Accept-Encoding and no-transform respected.
#pragma once

#include <optional>

#include <sluice/server/exchange.h>

#include "gzip_conf.h"

namespace sluice {

// is_compressible looks at the response: its status, type, coding and length (if it is known).
bool is_compressible(const GzipConf& conf, const Exchange& exchange, std::optional<uint64_t> length);

// may_be_gzip looks at the request, and for one that came through a proxy also at what caches may do with the response.
bool may_be_gzip(const GzipConf& conf, const Exchange& exchange);

// transform_forbidden: the response says no-transform (RFC 9111 section 5.2.2.6).
bool transform_forbidden(const Exchange& exchange);

}  // namespace sluice
