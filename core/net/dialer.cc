#include <sluice/net/dialer.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include <sluice/base/strings.h>
#include <sluice/os/fd.h>

namespace sluice {

namespace {

using Dialed = Result<std::unique_ptr<Stream>>;

Error dial_error(Error error) {
  error.source = ErrorSource::upstream;
  error.retryable = true;
  return error;
}

Error connect_error(std::string_view what, int error) {
  return dial_error(os_error(what, error, ErrorKind::connect_failed));
}

bool is_loopback(const Address& address) {
  if (address.family() == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(address.data());
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
  }
  if (address.family() != AF_INET6) return false;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr);
}

int begin_connect(int fd, const Address& address) {
  while (::connect(fd, address.data(), address.size()) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// A loopback handshake is over when connect() returns, although it says EINPROGRESS: a second call tells the outcome and saves a
// turn of the loop.
int outcome_of_loopback(int fd, const Address& address) {
  int error = begin_connect(fd, address);
  return error == EALREADY ? EINPROGRESS : error == EISCONN ? 0 : error;
}

Task<Dialed> finish(std::unique_ptr<Stream> stream, Milliseconds timeout) {
  Result<void> waited = co_await stream->connecting(timeout);
  if (!waited) co_return dial_error(std::move(waited.error()));
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(stream->fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) co_return connect_error("connect()", error);
  co_return std::move(stream);
}

}  // namespace

Task<Dialed> dial(EventLoop& loop, const Address& address, Tick deadline) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Dialed(connect_error("socket()", errno));
  if (!address.is_unix()) {
    int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  int error = begin_connect(socket.get(), address);
  if (error == EINPROGRESS && is_loopback(address)) {
    error = outcome_of_loopback(socket.get(), address);
    if (error != 0 && error != EINPROGRESS) return Dialed(connect_error("connect()", error));
  }
  if (error != 0 && error != EINPROGRESS) {
    return Dialed(connect_error(concat("connect() to ", address.text()), error));
  }
  auto stream = std::make_unique<Stream>(loop, socket.release());
  if (error == 0) return Dialed(std::move(stream));
  Tick now = loop.now();
  Milliseconds timeout(deadline == 0 ? 0 : deadline > now ? deadline - now : 1);
  return finish(std::move(stream), timeout);
}

}  // namespace sluice
