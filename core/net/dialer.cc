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

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

void set_options(int fd, const DialOptions& options) {
  if (options.keepalive) set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (options.receive_bytes > 0) set_option(fd, SOL_SOCKET, SO_RCVBUF, options.receive_bytes);
  if (options.send_bytes > 0) set_option(fd, SOL_SOCKET, SO_SNDBUF, options.send_bytes);
}

Result<void> bind_local(int fd, const LocalEnd& local) {
  const Address& address = local.address;
  if (local.transparent) {
    const int on = 1;
    const bool v6 = address.family() == AF_INET6;
    if (::setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof on) != 0) {
      return connect_error("setsockopt(IP_TRANSPARENT)", errno);
    }
  }
  // The port is chosen with the peer known, so that more connections than ports can have this address.
  if (!address.is_unix() && address.port() == 0) set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (::bind(fd, address.data(), address.size()) != 0) return connect_error(concat("bind(", address.text(), ")"), errno);
  return {};
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

Task<Dialed> dial(EventLoop& loop, const Address& address, Tick deadline, const DialOptions& options) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Dialed(connect_error("socket()", errno));
  if (!address.is_unix()) {
    int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  set_options(socket.get(), options);
  if (options.local != nullptr && options.local->address.size() > 0) {
    if (auto bound = bind_local(socket.get(), *options.local); !bound) return Dialed(std::move(bound.error()));
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
