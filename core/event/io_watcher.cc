// IoWatcher and Wakeup: descriptors on the loop.
#include <sys/eventfd.h>
#include <unistd.h>

#include <new>
#include <utility>

#include <sluice/event/event_loop.h>

#include "event/event_loop_impl.h"

namespace sluice {

struct IoWatcherAccess {
  static event& of(IoWatcher& watcher) { return *std::launder(reinterpret_cast<event*>(watcher.event_)); }

  static void on_event(evutil_socket_t, short what, void* argument) {
    EventLoop::current().impl().woken();
    unsigned events = 0;
    if (what & EV_READ) events |= IoWatcher::kReadable;
    if (what & EV_WRITE) events |= IoWatcher::kWritable;
    if (what & EV_CLOSED) events |= IoWatcher::kClosed;
    static_cast<IoWatcher*>(argument)->on_events(events);
  }

  static constexpr size_t kEventBytes = IoWatcher::kEventBytes;
};

static_assert(sizeof(event) <= IoWatcherAccess::kEventBytes, "the public header has the size of libevent's event");
static_assert(alignof(event) <= 8);

IoWatcher::~IoWatcher() { close_fd(); }

void IoWatcher::watch(EventLoop& loop, int fd) {
  hold(fd);
  watch_held(loop);
}

void IoWatcher::watch_held(EventLoop& loop) {
  CHECK(fd_ >= 0 && !watched_);
  watched_ = true;
  auto* registered = new (event_) event;
  constexpr short kWhat = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;
  CHECK(event_assign(registered, loop.impl().base, fd_, kWhat, IoWatcherAccess::on_event, this) == 0);
  CHECK(event_add(registered, nullptr) == 0);
}

int IoWatcher::unwatch() {
  if (std::exchange(watched_, false)) event_del(&IoWatcherAccess::of(*this));
  return std::exchange(fd_, -1);
}

void IoWatcher::close_fd() {
  int fd = unwatch();
  if (fd >= 0) ::close(fd);
}

Wakeup::Wakeup(EventLoop& loop) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  CHECK(fd >= 0);
  watch(loop, fd);
}

void Wakeup::notify() {
  uint64_t one = 1;
  // A full counter means that the loop has been told already.
  [[maybe_unused]] ssize_t written = ::write(fd(), &one, sizeof one);
}

void Wakeup::on_events(unsigned events) {
  if (!(events & kReadable)) return;
  uint64_t count = 0;
  if (::read(fd(), &count, sizeof count) == sizeof count) on_wakeup();
}

}  // namespace sluice
