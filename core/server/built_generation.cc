#include "server/built_generation.h"

#include "server/host_table.h"
#include "server/location_table.h"

namespace sluice {

namespace {

void drop(BuiltGeneration* generation) {
  std::unique_ptr<BuiltGeneration> last(generation);
  if (auto dispose = std::move(last->dispose)) dispose(std::move(last));
}

bool drop_last(LocationLevel::Nodes& nodes) {
  if (nodes.empty()) return false;
  nodes.pop_back();
  return true;
}

// A server may have as many locations as there are servers.
bool drop_location(VirtualServer& server) {
  LocationLevel& top = server.locations->impl->top;
  if (drop_last(top.prefixes) || drop_last(top.patterns)) return true;
  if (top.exact.empty()) return false;
  top.exact.erase(top.exact.begin());
  return true;
}

bool drop_first(TextMap<const VirtualServer*>& names) {
  if (names.empty()) return false;
  names.erase(names.begin());
  return true;
}

bool drop_name(HostTable& hosts) { return drop_first(hosts.impl->exact) || drop_first(hosts.impl->suffixes) || drop_first(hosts.impl->prefixes); }

}  // namespace

std::shared_ptr<BuiltGeneration> BuiltGeneration::make(uint64_t id) {
  return std::shared_ptr<BuiltGeneration>(new BuiltGeneration(id), drop);
}

bool BuiltGeneration::dismantle_some() {
  if (!host_tables.empty()) {
    if (!drop_name(*host_tables.back())) host_tables.pop_back();
    return true;
  }
  if (!servers.empty()) {
    if (!drop_location(*servers.back())) servers.pop_back();
    return true;
  }
  if (confs.empty()) return false;
  confs.pop_back();
  return true;
}

}  // namespace sluice
