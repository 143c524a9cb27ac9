// Everything a module or plug-in needs, in one header.
#pragma once

#include <sluice/base/arena.h>
#include <sluice/base/clock.h>
#include <sluice/base/error.h>
#include <sluice/base/strings.h>
#include <sluice/conf/directive.h>
#include <sluice/event/event_loop.h>
#include <sluice/event/task.h>
#include <sluice/http/message.h>
#include <sluice/log/log.h>
#include <sluice/metrics/metrics.h>
#include <sluice/net/resolver.h>
#include <sluice/server/builder.h>
#include <sluice/server/computed_value.h>
#include <sluice/server/exchange.h>
#include <sluice/server/generation.h>
#include <sluice/server/module.h>
#include <sluice/server/process_context.h>
#include <sluice/server/resolvers.h>
#include <sluice/upstream/primaries.h>
#include <sluice/upstream/upstream.h>
