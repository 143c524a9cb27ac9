// The resolvers of a process: one per set of options, shared by all places that have the same, across generations, so that a reload
// forgets no name.
#pragma once

#include <memory>

#include <sluice/base/api.h>
#include <sluice/net/resolver.h>
#include <sluice/server/location.h>
#include <sluice/server/process_context.h>

namespace sluice {

// resolver_options gives what the `resolver` and `resolver_timeout` of a place say together.
SLUICE_API ResolverOptions resolver_options(const CoreConf& conf);

// shared_resolver finds or makes the process's resolver with these options. It is kept as long as somebody has it.
SLUICE_API std::shared_ptr<Resolver> shared_resolver(ProcessContext& process, const ResolverOptions& options);

}  // namespace sluice
