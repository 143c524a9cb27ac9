// Heads of HTTP/1 messages as the tools need them: read where they lie, nothing checked that a bench doesn't depend on.
#pragma once

#include <string_view>

namespace sluice::bench {

// field: the value of header field NAME in HEAD (all lines, each with its CR LF), without white space around it; empty
// when absent.
std::string_view field(std::string_view head, std::string_view name);

// is_token: whether VALUE is TOKEN in any case.
bool is_token(std::string_view value, std::string_view token);

// target_of: the request target: "/path?query".
std::string_view target_of(std::string_view head);

// path_of: the target up to its query.
std::string_view path_of(std::string_view head);

// argument: what follows NAME= in the target's query; empty when absent.
std::string_view argument(std::string_view target, std::string_view name);

}  // namespace sluice::bench
