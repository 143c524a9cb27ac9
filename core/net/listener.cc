#include <sluice/net/listener.h>

#include <sys/socket.h>

#include <cerrno>

namespace sluice {

Listener::Listener(EventLoop& loop, int fd, AcceptSink& sink) : loop_(loop), sink_(sink) { watch(loop, fd); }

Listener::~Listener() {
  unwatch();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

void Listener::resume() {
  paused_ = false;
  loop_.post(*this);
}

void Listener::on_events(unsigned) { accept_batch(); }
void Listener::on_timer() { accept_batch(); }
void Listener::on_posted() { accept_batch(); }

// accept_batch empties the queue, as an edge-triggered socket demands, but gives the loop a turn between batches.
void Listener::accept_batch() {
  bool destroyed = false;
  destroyed_ = &destroyed;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (paused_ || Timer::armed()) break;
    Step step = accept_one();
    if (destroyed) return;
    if (step == Step::drained || step == Step::stop) {
      destroyed_ = nullptr;
      return;
    }
  }
  destroyed_ = nullptr;
  if (!paused_ && !Timer::armed()) loop_.post(*this);
}

void Listener::accept_rest() {
  for (int i = 0; i < kLongestQueue && accept_one() == Step::next; ++i) {
  }
}

Listener::Step Listener::accept_one() {
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  auto* peer = reinterpret_cast<sockaddr*>(&storage);
  int fd = ::accept4(IoWatcher::fd(), peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return refused(errno);
  sink_.on_accept(Fd(fd), Address::from(peer, length));
  return Step::next;
}

Listener::Step Listener::refused(int errno_value) {
  switch (errno_value) {
    case EAGAIN:
      return Step::drained;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // a firewall rule; concerns this client only
      return Step::next;
    default:
      Timer::arm_after(kErrorPause);
      sink_.on_accept_error(errno_value);
      return Step::stop;
  }
}

}  // namespace sluice
