#include "server/built_generation.h"

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

}  // namespace

std::shared_ptr<BuiltGeneration> BuiltGeneration::make(uint64_t id) {
  return std::shared_ptr<BuiltGeneration>(new BuiltGeneration(id), drop);
}

bool BuiltGeneration::dismantle_some() {
  host_tables.clear();
  if (!servers.empty()) {
    if (!drop_location(*servers.back())) servers.pop_back();
    return true;
  }
  if (confs.empty()) return false;
  confs.pop_back();
  return true;
}

}  // namespace sluice
