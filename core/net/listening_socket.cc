// open_listening_socket: what the master does for every `listen`.
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <iterator>

#include <sluice/base/strings.h>
#include <sluice/net/listener.h>

namespace sluice {

namespace {

struct Option {
  int level;
  int name;
  std::string_view text;
  int value;
  bool wanted;
};

Result<void> set_option(int fd, const Address& address, const Option& option) {
  if (!option.wanted) return {};
  if (::setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) == 0) return {};
  return os_error(concat("setsockopt(", option.text, ") ", address.text()), errno);
}

Result<void> set_options(int fd, const Address& address, const ListenOptions& options) {
  bool tcp = !address.is_unix();
  constexpr int kDeferSeconds = 1;
  const Option wanted[] = {
      {SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", 1, true},
      {SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT", 1, tcp && options.reuse_port},
      {SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE", 1, tcp && options.keepalive},
      {SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF", options.receive_buffer, options.receive_buffer > 0},
      {SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF", options.send_buffer, options.send_buffer > 0},
      {IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY", options.ipv6only ? 1 : 0, address.family() == AF_INET6},
      {IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY", 1, tcp},
      {IPPROTO_TCP, TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT", kDeferSeconds, tcp && options.defer_accept},
  };
  for (const Option& option : wanted) TRY(set_option(fd, address, option));
  return {};
}

Result<void> open_to_everyone(const Address& address) {
  if (!address.is_unix()) return {};
  std::string path = address.text().substr(std::string_view("unix:").size());
  if (::chmod(path.c_str(), 0666) == 0) return {};
  return os_error(concat("chmod() \"", path, "\""), errno);
}

}  // namespace

Result<Fd> open_listening_socket(const Address& address, const ListenOptions& options) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return os_error(concat("socket() ", address.text()), errno);
  TRY(set_options(socket.get(), address, options));
  if (::bind(socket.get(), address.data(), address.size()) != 0) {
    return os_error(concat("bind() to ", address.text()), errno);
  }
  TRY(open_to_everyone(address));
  if (::listen(socket.get(), options.backlog) != 0) {
    return os_error(concat("listen() to ", address.text(), ", backlog ", options.backlog), errno);
  }
  return socket;
}

bool steer_new_connections(int fd, unsigned count) {
  if (count == 0) {
    int unused = 0;
    return ::setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused) == 0;
  }
  sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)},
      {BPF_ALU | BPF_MOD | BPF_K, 0, 0, count},
      {BPF_RET | BPF_A, 0, 0, 0},
  };
  sock_fprog filter{static_cast<uint16_t>(std::size(program)), program};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

}  // namespace sluice
