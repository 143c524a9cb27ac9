// bench_idle PORT PATH CONNECTIONS
//
// Opens keep-alive connections, sends one request on each, reads its response and then holds them all: the load of the
// memory rows. Prints "ready N" when every connection is idle; ends with "closed K" (how many the other side closed
// meanwhile) on SIGTERM or SIGINT. Any response other than "200" with a Content-Length ends the program with an error.
#include <errno.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tool.h"

namespace sluice::bench {

namespace {

// So few connections are being opened at a time that no accept queue overflows.
constexpr uint32_t kInFlight = 32;

char scratch[kScratchBytes];

// All connections together: which ones are still to be opened, which are idle.
class Crowd {
 public:
  Crowd(Poller& poller, uint16_t port, std::string_view path, uint32_t connections);
  ~Crowd();

  std::string_view request() const { return request_; }

  void became_idle() {
    if (++idle_ == wanted_) {
      std::printf("ready %u\n", idle_);
      std::fflush(stdout);
    }
    open_next();
  }

  void lost() { ++closed_; }
  uint32_t closed() const { return closed_; }

 private:
  void open_next();

  Poller& poller_;
  uint16_t port_;
  uint32_t wanted_;
  uint32_t opened_ = 0;
  uint32_t idle_ = 0;
  uint32_t closed_ = 0;
  std::string request_;
  std::vector<std::unique_ptr<Watcher>> clients_;
};

class Client final : public Watcher {
 public:
  Client(Poller& poller, int fd, Crowd& crowd) : fd_(fd), crowd_(crowd) { poller.watch(fd, *this); }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if (!asked_ && (events & EPOLLOUT) != 0) ask();
    if ((events & EPOLLIN) != 0 || (events & EPOLLHUP) != 0) read_all();
  }

 private:
  void ask() {
    asked_ = true;
    const std::string_view request = crowd_.request();
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != ssize_t(request.size())) die("send");
  }

  void read_all() {
    for (ssize_t got = recv(fd_, scratch, sizeof scratch, 0); got != -1 || errno != EAGAIN;
         got = recv(fd_, scratch, sizeof scratch, 0)) {
      if (got <= 0) return closed_by_peer();
      if (!idle_) take(std::string_view(scratch, size_t(got)));
    }
  }

  void take(std::string_view bytes) {
    response_.append(bytes);
    const size_t end = response_.find("\r\n\r\n");
    if (end == std::string::npos || response_.size() < end + 4 + body_bytes()) return;
    if (response_.compare(0, 12, "HTTP/1.1 200") != 0) unexpected();
    idle_ = true;
    std::string().swap(response_);
    crowd_.became_idle();
  }

  size_t body_bytes() {
    const char* at = strcasestr(response_.c_str(), "\r\nContent-Length: ");
    if (at == nullptr) unexpected();
    return std::strtoull(at + 18, nullptr, 10);
  }

  [[noreturn]] void unexpected() {
    errno = 0;
    die("unexpected response: " + response_.substr(0, response_.find('\r')));
  }

  void closed_by_peer() {
    if (!idle_) {
      errno = 0;
      die("a connection was closed before its response");
    }
    crowd_.lost();
    close(fd_);
    fd_ = -1;
  }

  int fd_;
  Crowd& crowd_;
  std::string response_;
  bool asked_ = false;
  bool idle_ = false;
};

Crowd::Crowd(Poller& poller, uint16_t port, std::string_view path, uint32_t connections)
    : poller_(poller), port_(port), wanted_(connections) {
  request_ = "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  for (uint32_t i = 0; i < kInFlight; ++i) open_next();
}

Crowd::~Crowd() = default;

void Crowd::open_next() {
  if (opened_ == wanted_) return;
  ++opened_;
  clients_.push_back(std::make_unique<Client>(poller_, connect_to(port_), *this));
}

// Hears of the signal that ends the program.
class Ending final : public Watcher {
 public:
  explicit Ending(Poller& poller) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    poller.watch(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), *this);
  }

  void on_event(uint32_t) override { wanted_ = true; }
  bool wanted() const { return wanted_; }

 private:
  bool wanted_ = false;
};

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  if (argc != 4) die("usage: bench_idle PORT PATH CONNECTIONS");
  raise_descriptor_limit();
  Poller poller;
  Ending ending(poller);
  Crowd crowd(poller, uint16_t(parse_number(argv[1], 65535)), argv[2], parse_number(argv[3], 60000));
  while (!ending.wanted()) poller.turn();
  std::printf("closed %u\n", crowd.closed());
}
