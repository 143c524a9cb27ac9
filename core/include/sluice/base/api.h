// SLUICE_API marks what the executable exports to modules; everything else is hidden. A module resolves these symbols
// against the running executable when it is loaded.
#pragma once

#define SLUICE_API __attribute__((visibility("default")))

// SLUICE_THREAD_LOCAL marks a thread's variable of the executable that inline functions read, also those in modules: it is part of the
// static block of every thread, so that finding it takes one load.
#define SLUICE_THREAD_LOCAL SLUICE_API __attribute__((tls_model("initial-exec")))
