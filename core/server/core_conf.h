// The core's own structs and rows: what core_directives' tables write to.
#pragma once

#include <span>

#include <sluice/conf/directive.h>
#include <sluice/server/location.h>

#include "server/location_table.h"
#include "server/routing.h"

namespace sluice {

// Slots of the core's structs among those of modules.
inline constexpr uint32_t kCoreConfSlot = 0;
inline constexpr uint32_t kServerConfSlot = 1;

// What a server knows before a location is found.
struct ServerConf {
  uint64_t large_header_count = 4;
  uint64_t large_header_bytes = 8192;
  uint64_t max_headers = 100;
  Milliseconds client_header_timeout{60'000};
  bool underscores_in_headers = false;
  bool ignore_invalid_headers = true;
};

// The server or location being described: owner of the scopes of those blocks.
struct PlaceDraft {
  VirtualServer* server = nullptr;
  LocationLevel* level = nullptr;      // where its locations go
  LocationNode* node = nullptr;        // null: the server itself
};

// One table per topic: core/server/*_directives.cc.
std::span<const Directive> main_directives();     // MainConf
std::span<const Directive> block_directives();    // http, server, location; no struct
std::span<const Directive> server_directives();   // ServerConf
std::span<const Directive> core_directives();     // CoreConf
std::span<const Directive> log_directives();      // CoreConf
std::span<const Directive> resolver_directives(); // CoreConf
std::span<const Directive> tuning_directives();   // no struct

// core_variables: `$uri`, `$host`, ... : core/server/variables*.cc.
std::span<const VariableRow> request_variables();
std::span<const VariableRow> connection_variables();
std::span<const VariableRow> response_variables();

}  // namespace sluice
