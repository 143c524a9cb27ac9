// SLUICE_API marks what the executable exports to modules; everything else is hidden. A module resolves these symbols
// against the running executable when it is loaded.
#pragma once

#define SLUICE_API __attribute__((visibility("default")))
