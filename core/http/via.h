// Via (RFC 9110 section 7.6.3): which proxies a message has passed.
#pragma once

#include <cstddef>
#include <string_view>

#include <sluice/http/headers.h>

namespace sluice {

// via_entries counts the entries of all Via fields that name `pseudonym` (in any case, with or without a port) as the recipient.
size_t via_entries(const Headers& headers, std::string_view pseudonym);

}  // namespace sluice
