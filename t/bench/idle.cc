// bench_idle PORT PATH CONNECTIONS [--burst BYTES]
//
// Opens keep-alive connections, sends one request on each, reads its response and then holds them all: the load of the
// memory rows. Prints "ready N" when every connection is idle; ends with "closed K" (how many the other side closed
// meanwhile) on SIGTERM or SIGINT. Any response other than "200" with a body of known length ends the program with an
// error.
//
// With --burst the connections are first opened and then ask as many as kBurst at a time, each for a body of BYTES: what
// a proxy needed at its busiest and keeps afterwards shows in its memory.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crowd.h"
#include "ending.h"
#include "options.h"
#include "response_reader.h"
#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kInFlight = 32;
constexpr uint32_t kBurst = 256;

char scratch[kScratchBytes];

class Client;
using Clients = Crowd<Client>;

// What all connections share.
struct Plan {
  uint16_t port;
  std::string request;
  std::optional<uint64_t> burst_bytes;
  uint32_t idle = 0;
  uint32_t closed = 0;
};

class Client final : public Watcher {
 public:
  Client(Poller& poller, Plan& plan, Clients& clients) : plan_(plan), clients_(clients), fd_(connect_to(plan.port)) {
    poller.watch(fd_, *this);
  }

  // ask: sends the request. REQUIRES: the connection is open.
  void ask() {
    reader_ = std::make_unique<ResponseReader>();
    if (send(fd_, plan_.request.data(), plan_.request.size(), MSG_NOSIGNAL) != ssize_t(plan_.request.size())) die("send");
  }

  bool is_idle() const { return is_open_ && reader_ == nullptr; }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if (!is_open_ && (events & EPOLLOUT) != 0) on_open();
    if ((events & EPOLLIN) != 0 || (events & EPOLLHUP) != 0) read_all();
  }

 private:
  void on_open() {
    is_open_ = true;
    if (plan_.burst_bytes)
      clients_.settle();
    else
      ask();
  }

  void read_all() {
    for (ssize_t got = recv(fd_, scratch, sizeof scratch, 0); got != -1 || errno != EAGAIN;
         got = recv(fd_, scratch, sizeof scratch, 0)) {
      if (got <= 0) return closed_by_peer();
      if (!is_idle()) take(std::string_view(scratch, size_t(got)));
    }
  }

  void take(std::string_view bytes) {
    while (!bytes.empty() && !reader_->done() && !reader_->broken()) reader_->take(bytes);
    if (reader_->broken() || (reader_->started() && (reader_->status() != 200 || reader_->closes()))) unexpected();
    if (!reader_->done()) return;
    if (!bytes.empty() || reader_->body_bytes() != plan_.burst_bytes.value_or(reader_->body_bytes())) unexpected();
    reader_.reset();
    ++plan_.idle;
    if (!plan_.burst_bytes) clients_.settle();
  }

  [[noreturn]] void unexpected() {
    errno = 0;
    die("unexpected response: status " + std::to_string(reader_->status()) + ", " +
        std::to_string(reader_->body_bytes()) + " bytes of body");
  }

  void closed_by_peer() {
    if (!is_idle()) {
      errno = 0;
      die("a connection was closed before its response");
    }
    ++plan_.closed;
    close(fd_);
    fd_ = -1;
  }

  Plan& plan_;
  Clients& clients_;
  int fd_;
  bool is_open_ = false;
  std::unique_ptr<ResponseReader> reader_;  // while a response is due
};

// burst: every client asks, at most kBurst of them at the same time.
void burst(Poller& poller, const Plan& plan, const Clients& clients, const Ending& ending) {
  size_t asked = 0;
  while (plan.idle < clients.clients().size() && !ending.wanted()) {
    while (asked < clients.clients().size() && asked < plan.idle + kBurst) clients.clients()[asked++]->ask();
    poller.turn();
  }
}

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, "bench_idle PORT PATH CONNECTIONS [--burst BYTES]", 3, {"--burst"});
  raise_descriptor_limit();
  Poller poller;
  const Ending ending(poller);
  Plan plan{options.port(), std::string("GET ") + options.argument(1) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", {}};
  if (options.has("--burst")) plan.burst_bytes = options.number("--burst", UINT32_MAX);
  Clients clients(parse_number(options.argument(2), 60000), kInFlight,
                  [&] { return std::make_unique<Client>(poller, plan, clients); });
  for (clients.fill(); !clients.settled() && !ending.wanted(); clients.fill()) poller.turn();
  if (plan.burst_bytes) burst(poller, plan, clients, ending);
  if (!ending.wanted()) {
    std::printf("ready %u\n", plan.idle);
    std::fflush(stdout);
  }
  while (!ending.wanted()) poller.turn();
  std::printf("closed %u\n", plan.closed);
}
