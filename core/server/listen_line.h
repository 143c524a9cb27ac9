// The arguments of `listen` and `server_name`.
#pragma once

#include <string>
#include <vector>

#include <sluice/conf/directive.h>

#include "server/listen_table.h"

namespace sluice {

// parse_listen gives one line per address (a host name may have several). Errors: nginx's (`invalid parameter "x"`,
// `invalid port in "x" of the "listen" directive`); what sluice cannot do is refused by name.
Result<std::vector<ListenLine>> parse_listen(const DirectiveUse& use);

// default_listen is the address of a server without listen: *:80 for root, *:8000 for others.
ListenLine default_listen(const ConfigPlace& place);

// parse_server_name's errors: `invalid server name "x"`, those of a regular expression.
Result<NameLine> parse_server_name(const DirectiveUse& use, std::string_view name);

// primary_name is $server_name: the name as an operator would write it, without the dot of ".example.com".
std::string primary_name(const NameLine& line);

}  // namespace sluice
