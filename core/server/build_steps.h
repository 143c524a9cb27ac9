// The core's own steps of a build, apart from the engine that calls them.
#pragma once

#include "server/block_state.h"
#include "server/core_conf.h"

namespace sluice {

class GenerationBuilder;

// default_access_log gives an http block without access_log nginx's `logs/access.log combined`.
void default_access_log(GenerationBuilder& builder, BlockScope::State& http);
// finish_server copies the limits that apply before a location is known.
void finish_server(VirtualServer& server, const ServerConf& conf);
// finish_main completes the main values: paths, the default error log.
void finish_main(GenerationBuilder& builder);

}  // namespace sluice
