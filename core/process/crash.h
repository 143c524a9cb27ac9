// Crash handlers: a worker that crashes says in its slot what it was doing, then dies as it would have without them.
#pragma once

#include "shm/heartbeat.h"

namespace sluice {

// install_crash_handlers handles SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT (the watchdog's first shot) on a stack of their own: the
// obituary (Service::describe_running) goes to the slot, then the signal takes its default action. Under a sanitizer, whose reports
// say more, only SIGABRT. The slot must live as long as the process.
void install_crash_handlers(ProcessSlot& slot);

}  // namespace sluice
