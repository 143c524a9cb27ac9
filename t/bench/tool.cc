#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace sluice::bench {

namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int tcp_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  return fd;
}

}  // namespace

void die(std::string_view what) {
  const std::string reason = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
  std::fprintf(stderr, "%s: %.*s%s\n", program_invocation_short_name, int(what.size()), what.data(), reason.c_str());
  std::exit(1);
}

uint32_t parse_number(const char* text, uint32_t maximum) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  errno = 0;
  if (end == text || *end != '\0' || value < 1 || value > maximum) die(std::string("not a usable number: ") + text);
  return uint32_t(value);
}

int listen_on(uint16_t port) {
  const int fd = tcp_socket();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(fd, 65535) != 0) die("listen");
  return fd;
}

int accept_from(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) send_at_once(fd);
  return fd;
}

int connect_to(uint16_t port) {
  const int fd = try_connect(port);
  if (fd < 0) die("connect");
  return fd;
}

int try_connect(uint16_t port) {
  const int fd = tcp_socket();
  send_at_once(fd);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EINPROGRESS) return fd;
  const int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return uint64_t(now.tv_sec) * 1000000000 + uint64_t(now.tv_nsec);
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
}

struct Poller::Retired {
  std::vector<std::unique_ptr<Watcher>> watchers;
};

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)), retired_(std::make_unique<Retired>()) {
  if (fd_ < 0) die("epoll_create1");
}

Poller::~Poller() { close(fd_); }

void Poller::watch(int fd, Watcher& watcher) { control(EPOLL_CTL_ADD, fd, watcher); }

void Poller::rewatch(int fd, Watcher& watcher) { control(EPOLL_CTL_MOD, fd, watcher); }

void Poller::control(int operation, int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  if (epoll_ctl(fd_, operation, fd, &event) != 0) die("epoll_ctl");
}

void Poller::retire(Watcher* watcher) { retired_->watchers.emplace_back(watcher); }

void Poller::turn() { dispatch(epoll_wait(fd_, events_.data(), int(events_.size()), -1)); }

void Poller::turn_until(uint64_t deadline_ns) {
  const uint64_t now = now_ns();
  const uint64_t wait = deadline_ns > now ? deadline_ns - now : 0;
  const timespec timeout{time_t(wait / 1000000000), long(wait % 1000000000)};
  dispatch(epoll_pwait2(fd_, events_.data(), int(events_.size()), &timeout, nullptr));
}

void Poller::dispatch(int count) {
  if (count < 0 && errno != EINTR) die("epoll_wait");
  for (int i = 0; i < count; ++i) static_cast<Watcher*>(events_[size_t(i)].data.ptr)->on_event(events_[size_t(i)].events);
  retired_->watchers.clear();
}

}  // namespace sluice::bench
