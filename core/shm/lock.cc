#include <pthread.h>

#include <cerrno>

#include <sluice/base/check.h>
#include <sluice/shm/zone.h>

namespace sluice {

namespace {

// What locks protect here takes tens of nanoseconds, less than falling asleep and being woken.
constexpr int kTriesBeforeSleep = 64;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

pthread_mutex_t* native(std::byte* bytes) {
  return reinterpret_cast<pthread_mutex_t*>(bytes);
}

int acquire(pthread_mutex_t* mutex) {
  for (int i = 0; i < kTriesBeforeSleep; ++i) {
    int error = pthread_mutex_trylock(mutex);
    if (error != EBUSY) return error;
    pause_briefly();
  }
  return pthread_mutex_lock(mutex);
}

}  // namespace

void ShmLock::initialise() {
  static_assert(sizeof(pthread_mutex_t) <= sizeof mutex_);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  CHECK(pthread_mutex_init(native(mutex_), &attributes) == 0);
  pthread_mutexattr_destroy(&attributes);
}

ShmLock::Acquired ShmLock::lock() {
  int error = acquire(native(mutex_));
  if (error == 0) return Acquired::clean;
  CHECK(error == EOWNERDEAD);
  CHECK(pthread_mutex_consistent(native(mutex_)) == 0);
  return Acquired::recovered;
}

void ShmLock::unlock() {
  CHECK(pthread_mutex_unlock(native(mutex_)) == 0);
}

}  // namespace sluice
