// Escaping in access logs: nginx's rules for log_format's escape=.
#pragma once

#include <string_view>

#include "server/access_log.h"
#include "server/log_text.h"

namespace sluice {

// append_escaped adds the value. standard: `"`, `\` and bytes outside 0x20..0x7e as \xXX. json: as inside a JSON string;
// a byte that is not UTF-8 is \u0080 to \u00FF, so that a line is JSON whatever clients send. none: as it is.
void append_escaped(LogText& out, std::string_view value, LogEscape escape);

}  // namespace sluice
