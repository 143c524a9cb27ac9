// Signaller: `sluice -s stop|quit|reopen|reload`.
#pragma once

#include "process/options.h"

namespace sluice {

// send_signal sends the signal to the master that the pid file names and returns the exit code. As in nginx, it does not wait for what
// follows; except for reload, whose outcome it waits for, prints, and exits with.
int send_signal(const Options& options);

}  // namespace sluice
