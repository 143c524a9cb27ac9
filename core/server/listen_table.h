// ListenTable: the listening addresses of a configuration and the names of their servers, while it is built.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/tree.h>
#include <sluice/server/named_regex.h>

#include "server/host_table.h"
#include "server/routing.h"

namespace sluice {

// One `listen` directive.
struct ListenLine {
  ListenSpec listen;
  bool default_server = false;
  bool has_options = false;  // of the socket; they stand in one place per address
  ConfigPlace place;
};

// One name of `server_name`.
struct NameLine {
  std::string name;                         // lower case; a regex as written
  std::shared_ptr<const NamedRegex> regex;  // of "~..."
  ConfigPlace place;
};

class ListenTable {
 public:
  struct ServerEntry {
    VirtualServer* server;
    std::vector<ListenLine> listens;
    std::vector<NameLine> names;
    ConfigPlace place;
  };
  struct Listener {
    ListenSpec listen;
    std::unique_ptr<HostTable> hosts;
  };

  ServerEntry& add_server(VirtualServer* server, const ConfigPlace& place);
  ServerEntry* entry_of(const VirtualServer* server);

  // add_listen adds an address to a server. Errors: `a duplicate listen A`, `a duplicate default server for A`,
  // `duplicate listen options for A`.
  Result<void> add_listen(ServerEntry& entry, ListenLine line);

  // finish makes the host tables, in the order in which the addresses first appeared. `warn` gets
  // `conflicting server name "x" on A, ignored`. Errors: `invalid server name or wildcard "x" on A`.
  Result<std::vector<Listener>> finish(const std::function<void(const ConfigPlace&, std::string_view)>& warn);

 private:
  struct Group {
    ListenSpec listen;
    VirtualServer* default_server = nullptr;
    bool has_options = false;
    std::vector<ServerEntry*> servers;
  };
  Group& group_of(const ListenSpec& listen);
  Result<Listener> make_listener(Group& group, const std::function<void(const ConfigPlace&, std::string_view)>& warn);

  std::deque<ServerEntry> servers_;
  std::deque<Group> groups_;
};

}  // namespace sluice
