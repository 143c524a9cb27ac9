// Trial: `sluice -t` and `-T`.
#pragma once

#include "os/process_title.h"
#include "process/options.h"

namespace sluice {

// test_configuration builds the configuration in a loader process, as a start would, prints nginx's lines and returns the exit code.
// -T prints every configuration file on standard output afterwards.
int test_configuration(const Options& options, ProcessTitle& title);

}  // namespace sluice
