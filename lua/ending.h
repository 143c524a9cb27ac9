// Ending: what becomes of the exchange when a hook's Lua code is over.
#pragma once

#include <sluice/event/task.h>
#include <sluice/server/exchange.h>

#include "request.h"
#include "thread.h"

namespace sluice {

struct Ending {
  Outcome outcome;
  bool finishes = false;  // the response is complete: send what is left of it
};

// ending_of logs a failure and decides. REQUIRES: step is not `waiting`.
Ending ending_of(Vm& vm, Exchange& exchange, LuaThread& thread, LuaThread::Step step);

// finish_response sends the head if there is none, what output is left, and the end.
Task<Outcome> finish_response(LuaRequest& request);

// send_output gives the pending output to the client; it stays in the buffer until the task has ended.
Task<Result<void>> send_output(LuaRequest& request, bool last, bool flush);

}  // namespace sluice
