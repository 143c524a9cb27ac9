#include "server/listen_table.h"

#include <algorithm>

#include <sluice/base/strings.h>

namespace sluice {

ListenTable::ServerEntry& ListenTable::add_server(VirtualServer* server, const ConfigPlace& place) {
  return servers_.emplace_back(ServerEntry{server, {}, {}, place});
}

ListenTable::ServerEntry* ListenTable::entry_of(const VirtualServer* server) {
  auto found = std::find_if(servers_.rbegin(), servers_.rend(), [&](const ServerEntry& entry) { return entry.server == server; });
  return found == servers_.rend() ? nullptr : &*found;
}

ListenTable::Group& ListenTable::group_of(const ListenSpec& listen) {
  auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return group.listen == listen; });
  return found != groups_.end() ? *found : groups_.emplace_back(Group{listen, nullptr, false, {}});
}

Result<void> ListenTable::add_listen(ServerEntry& entry, ListenLine line) {
  Group& group = group_of(line.listen);
  const std::string& text = line.listen.text;
  auto same_address = [&](const ListenLine& other) { return other.listen == line.listen; };
  if (std::any_of(entry.listens.begin(), entry.listens.end(), same_address)) {
    return config_error(line.place, concat("a duplicate listen ", text));
  }
  if (line.default_server && group.default_server != nullptr) {
    return config_error(line.place, concat("a duplicate default server for ", text));
  }
  if (line.has_options && group.has_options) return config_error(line.place, concat("duplicate listen options for ", text));
  if (line.default_server) group.default_server = entry.server;
  const bool proxy_protocol = group.listen.proxy_protocol || line.listen.proxy_protocol;
  if (line.has_options) {
    group.has_options = true;
    group.listen = line.listen;
  }
  // One server that says so says it for the address, as in nginx.
  group.listen.proxy_protocol = proxy_protocol;
  group.servers.push_back(&entry);
  entry.listens.push_back(std::move(line));
  return {};
}

Result<std::vector<ListenTable::Listener>> ListenTable::finish(
    const std::function<void(const ConfigPlace&, std::string_view)>& warn) {
  std::vector<Listener> listeners;
  for (Group& group : groups_) {
    TRY_ASSIGN(Listener listener, make_listener(group, warn));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Result<ListenTable::Listener> ListenTable::make_listener(
    Group& group, const std::function<void(const ConfigPlace&, std::string_view)>& warn) {
  Listener listener{group.listen, std::make_unique<HostTable>()};
  HostTable::Impl& table = *listener.hosts->impl;
  table.default_server = group.default_server != nullptr ? group.default_server : group.servers.front()->server;
  for (ServerEntry* entry : group.servers) {
    for (const NameLine& line : entry->names) {
      auto added = table.add_name(line.name, line.regex, entry->server);
      if (added == HostTable::Impl::Added::invalid) {
        return config_error(line.place, concat("invalid server name or wildcard \"", line.name, "\" on ", group.listen.text));
      }
      if (added == HostTable::Impl::Added::conflict) {
        warn(line.place, concat("conflicting server name \"", line.name, "\" on ", group.listen.text, ", ignored"));
      }
    }
  }
  return listener;
}

}  // namespace sluice
