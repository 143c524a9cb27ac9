// bench_floor LISTEN_PORT UPSTREAM_PORT
//
// The floor of the table: what a proxy on epoll can't go below. It copies bytes between a client's connection and one
// upstream connection of its own and looks at none of them: per request two reads, two writes and no other system call
// but the wait. What a proxy costs above this is its own doing, nearly all of the rest is the kernel's. Long bodies it
// copies like short ones; a proxy that lets the kernel move them (splice(2)) can be below it there.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kEnding = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

char scratch[kScratchBytes];

// One direction of a pair: from one socket to the other, with what the other did not take yet.
struct Direction {
  int from;
  int to;
  std::string pending = {};
  bool ended = false;

  // run: moves what can be moved now. A short read ends it, unless the end of the stream is known to be near.
  // False when a side is gone.
  bool run(bool to_the_end);

 private:
  bool flush();
  bool forward(size_t bytes);
};

bool Direction::flush() {
  if (pending.empty()) return true;
  const ssize_t sent = send(to, pending.data(), pending.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == ENOTCONN;
  pending.erase(0, size_t(sent));
  return true;
}

bool Direction::forward(size_t bytes) {
  const ssize_t sent = send(to, scratch, bytes, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  const size_t taken = sent < 0 ? 0 : size_t(sent);
  if (taken < bytes) pending.assign(scratch + taken, bytes - taken);
  return true;
}

bool Direction::run(bool to_the_end) {
  if (!flush()) return false;
  while (pending.empty() && !ended) {
    const ssize_t got = recv(from, scratch, sizeof scratch, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) {
      ended = true;
      break;
    }
    if (!forward(size_t(got))) return false;
    if (size_t(got) < sizeof scratch && !to_the_end) break;
  }
  return !ended || !pending.empty();
}

class Pair;

// One end of a pair as the poller sees it: what it hears concerns the direction that reads here and the one that writes.
class End final : public Watcher {
 public:
  End(Pair& pair, bool is_client) : pair_(pair), is_client_(is_client) {}
  void on_event(uint32_t events) override;

 private:
  Pair& pair_;
  bool is_client_;
};

class Pair final : public Watcher {
 public:
  Pair(Poller& poller, int client, int upstream)
      : poller_(poller), up_{client, upstream}, down_{upstream, client}, client_(*this, true), upstream_(*this, false) {
    poller.watch(client, client_);
    poller.watch(upstream, upstream_);
  }

  void on_event(uint32_t) override {}

  void run(Direction& readable, Direction& writable, uint32_t events) {
    if (closed_) return;
    const bool ending = (events & kEnding) != 0;
    if (((events & EPOLLOUT) != 0 && !writable.pending.empty() && !writable.run(true)) ||
        ((ending || (events & EPOLLIN) != 0) && !readable.run(ending)))
      end();
  }

  Direction& up() { return up_; }
  Direction& down() { return down_; }

 private:
  void end() {
    closed_ = true;
    close(up_.from);
    close(up_.to);
    poller_.retire(this);
  }

  Poller& poller_;
  Direction up_;
  Direction down_;
  End client_;
  End upstream_;
  bool closed_ = false;
};

void End::on_event(uint32_t events) {
  if (is_client_)
    pair_.run(pair_.up(), pair_.down(), events);
  else
    pair_.run(pair_.down(), pair_.up(), events);
}

class Listener final : public Watcher {
 public:
  Listener(Poller& poller, uint16_t port, uint16_t upstream_port)
      : poller_(poller), fd_(listen_on(port)), upstream_port_(upstream_port) {
    poller.watch(fd_, *this);
  }

  void on_event(uint32_t) override {
    for (int client = accept_from(fd_); client >= 0; client = accept_from(fd_))
      new Pair(poller_, client, connect_to(upstream_port_));  // owns itself until it retires
  }

 private:
  Poller& poller_;
  int fd_;
  uint16_t upstream_port_;
};

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  if (argc != 3) die("usage: bench_floor LISTEN_PORT UPSTREAM_PORT");
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Poller poller;
  Listener listener(poller, uint16_t(parse_number(argv[1], 65535)), uint16_t(parse_number(argv[2], 65535)));
  while (true) poller.turn();
}
