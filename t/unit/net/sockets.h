// Sockets for the tests of this floor: pairs, and a loop that turns until something is true.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

#include <sluice/event/event_loop.h>
#include <sluice/net/listener.h>
#include <sluice/os/address.h>
#include <sluice/os/fd.h>

namespace sluice::test {

struct SocketPair {
  Fd near;
  Fd far;
};

inline SocketPair unix_pair() {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) return {};
  return {Fd(fds[0]), Fd(fds[1])};
}

inline Address any_port() {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Address::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

inline Address bound_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return Address::from(reinterpret_cast<const sockaddr*>(&storage), length);
}

inline Fd listening(const ListenOptions& options = {}) {
  auto socket = open_listening_socket(any_port(), options);
  return socket ? std::move(*socket) : Fd();
}

inline Fd connect_to(const Address& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), address.data(), address.size()) != 0) return {};
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

inline SocketPair tcp_pair() {
  Fd listener = listening();
  Fd near = connect_to(bound_address(listener.get()));
  Fd far(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return {std::move(near), std::move(far)};
}

inline void limit_buffers(int fd, int bytes) {
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

inline bool send_text(const Fd& fd, std::string_view text) {
  return ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// receive_some appends what is there now; false at EOF or error.
inline bool receive_some(const Fd& fd, std::string& into) {
  char buffer[16384];
  ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (n > 0) into.append(buffer, static_cast<size_t>(n));
  return n > 0 || (n < 0 && errno == EAGAIN);
}

inline void reset(Fd& fd) {
  linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
}

// Something far beyond every wait of a test: a test that needs it fails by its own deadline instead of hanging.
inline bool turn_until(EventLoop& loop, const std::function<bool()>& done) {
  Tick limit = loop.now() + 10'000;
  struct Alarm : Timer {
    void on_timer() override {}
  } alarm;
  while (!done() && loop.now() < limit) {
    alarm.arm_after(Milliseconds(10));
    loop.run_once(true);
  }
  return done();
}

}  // namespace sluice::test
