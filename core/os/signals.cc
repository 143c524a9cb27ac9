#include "os/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sluice {

void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  for (int synchronous : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&all, synchronous);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

Result<Signals> Signals::open(std::initializer_list<int> signals) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int signal : signals) sigaddset(&wanted, signal);
  if (int error = pthread_sigmask(SIG_BLOCK, &wanted, nullptr); error != 0)
    return os_error("pthread_sigmask()", error);
  Fd fd(signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return os_error("signalfd()", errno);
  return Signals(std::move(fd));
}

std::optional<signalfd_siginfo> Signals::next() {
  signalfd_siginfo info;
  ssize_t n;
  do {
    n = read(fd_.get(), &info, sizeof info);
  } while (n < 0 && errno == EINTR);
  if (n != sizeof info) return std::nullopt;
  return info;
}

}  // namespace sluice
