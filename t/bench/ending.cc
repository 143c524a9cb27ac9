#include "ending.h"

#include <sys/signalfd.h>

#include <csignal>

namespace sluice::bench {

Ending::Ending(Poller& poller) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  poller.watch(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), *this);
}

}  // namespace sluice::bench
