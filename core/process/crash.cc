#include "process/crash.h"

#include <signal.h>
#include <sys/mman.h>

#include <atomic>

#include "server/service.h"

namespace sluice {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

constexpr size_t kStackBytes = 64 * 1024;

// A signal handler has no other way to find its process's slot. Set once, before the handlers are installed.
std::atomic<ProcessSlot*> slot_of_process{nullptr};

void on_crash(int signal) {
  if (ProcessSlot* slot = slot_of_process.exchange(nullptr)) {
    char running[ProcessSlot::kObituaryBytes] = "";
    Service::describe_running(running, sizeof running);
    write_obituary(*slot, {running});
  }
  raise(signal);  // SA_RESETHAND restored the default action; it comes when this handler returns
}

void use_own_stack() {
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack = {};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  sigaltstack(&stack, nullptr);
}

}  // namespace

void install_crash_handlers(ProcessSlot& slot) {
  slot_of_process = &slot;
  if (!kSanitized) use_own_stack();
  struct sigaction action = {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND;
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
    if (kSanitized && signal != SIGABRT) break;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace sluice
