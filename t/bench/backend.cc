// bench_backend PORT
//
// The upstream of every row: an HTTP/1.1 server that costs as little as possible and counts what it served, so that the
// load generator's own count can be checked.
//
//   GET /64, /128, /16k, /1m, /16m, /64m   a body of that size (any other path: 128 bytes)
//   POST anything                          reads the body (Content-Length), answers 128 bytes
//   GET /ws                                a WebSocket echo
//   GET /sse?every=MS                      an event stream with CLOCK_MONOTONIC nanoseconds every MS milliseconds (1000)
//   GET /head                              answers the request head as it arrived: what a proxy really sends
//   GET /count                             "requests N\nbody_bytes M\nresponse_bytes K\nws_messages L\nevents E\n": all but
//                                          /head and /count; of streams and echoes only what went through them
//
// Keep-alive and pipelining as in RFC 9112; "Connection: close" closes. A chunked request is answered 411.
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "backend_bodies.h"
#include "backend_counts.h"
#include "backend_echo.h"
#include "backend_events.h"
#include "head.h"
#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kEnding = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr uint32_t kUsualIntervalMs = 1000;

char scratch[kScratchBytes];

// What all connections share.
struct Backend {
  Poller& poller;
  Bodies bodies = {};
  BackendCounts counts = {};
  EventStreams streams{poller, counts};
};

class Connection final : public Watcher {
 public:
  Connection(Backend& backend, int fd) : backend_(backend), fd_(fd) { backend.poller.watch(fd, *this); }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & EPOLLOUT) != 0 && !unsent_.empty() && !(flush() && take({}))) return end();
    if ((events & ~uint32_t(EPOLLOUT)) != 0 && !read_all((events & kEnding) != 0)) end();
  }

 private:
  // read_all: serves what arrived. False when the connection is to be closed.
  bool read_all(bool to_the_end) {
    while (fd_ >= 0) {
      const bool is_long = body_left_ >= sizeof scratch;
      const size_t asked = is_long ? size_t(body_left_) : sizeof scratch;
      const ssize_t got = is_long ? recv(fd_, nullptr, asked, MSG_TRUNC) : recv(fd_, scratch, asked, 0);
      if (got < 0) return errno == EAGAIN;
      if (got == 0 || !(is_long ? discarded(size_t(got)) : take({scratch, size_t(got)}))) return false;
      if (size_t(got) < asked && !to_the_end) return true;
    }
    return true;
  }

  // discarded: BYTES of a long body, which the kernel has thrown away without copying them (MSG_TRUNC, tcp(7)).
  bool discarded(size_t bytes) {
    backend_.counts.body_bytes += bytes;
    body_left_ -= bytes;
    return body_left_ > 0 || take({});
  }

  // take: every request that is complete with BYTES, until one can't be answered at once; the rest is kept.
  bool take(std::string_view bytes) {
    if (!kept_.empty()) bytes = kept_.append(bytes);
    while (unsent_.empty()) {
      const size_t body = size_t(std::min<uint64_t>(body_left_, bytes.size()));
      bytes.remove_prefix(body);
      backend_.counts.body_bytes += body;
      body_left_ -= body;
      if (body_left_ > 0) break;
      if (answer_pending_) {
        if (!answer()) return false;
        continue;
      }
      const size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      const std::string_view head = bytes.substr(0, end + 2);
      bytes.remove_prefix(end + 4);
      if (hand_over(head, bytes)) return true;
      begin(head);
    }
    kept_ = std::string(bytes);
    return true;
  }

  // hand_over: gives the connection to an echo or a stream if HEAD asks for one.
  bool hand_over(std::string_view head, std::string_view early) {
    const std::string_view target = target_of(head);
    const bool is_echo = is_token(field(head, "Upgrade"), "websocket");
    if (!is_echo && path_of(head) != "/sse") return false;
    const std::string every(argument(target, "every"));
    const int fd = std::exchange(fd_, -1);
    if (is_echo)
      Echo::accept(backend_.poller, fd, head, early, backend_.counts);
    else
      backend_.streams.accept(fd, every.empty() ? kUsualIntervalMs : parse_number(every.c_str(), 3600000));
    backend_.poller.retire(this);
    return true;
  }

  // begin: a head is complete. The answer leaves when the body has been read.
  void begin(std::string_view head) {
    answer_pending_ = true;
    close_after_ = is_token(field(head, "Connection"), "close");
    const std::string length(field(head, "Content-Length"));
    body_left_ = length.empty() ? 0 : std::strtoull(length.c_str(), nullptr, 10);
    const std::string_view path = path_of(head);
    if (!field(head, "Transfer-Encoding").empty())
      own(411, "chunked requests are not measured\n");
    else if (path == "/head")
      own(200, std::string(head));
    else if (path == "/count")
      own(200, backend_.counts.text());
    else
      counted(backend_.bodies.find(path));
  }

  void counted(Response response) {
    response_ = response;
    ++backend_.counts.requests;
    backend_.counts.response_bytes += response.length;
  }

  void own(int status, std::string body) {
    own_body_ = std::move(body);
    own_head_ = make_head(status, own_body_.size());
    response_ = {own_head_, own_body_, own_body_.size()};
  }

  bool answer() {
    answer_pending_ = false;
    unsent_ = response_;
    return flush();
  }

  // flush: sends what the socket takes. False when the connection is to be closed.
  bool flush() {
    while (!unsent_.empty()) {
      iovec pieces[2];
      unsent_.next(pieces);
      const ssize_t written = writev(fd_, pieces, 2);
      if (written < 0) return errno == EAGAIN;
      unsent_.skip(size_t(written));
    }
    return !close_after_;
  }

  void end() {
    close(fd_);
    fd_ = -1;
    backend_.poller.retire(this);
  }

  Backend& backend_;
  int fd_;
  std::string kept_;
  std::string own_head_;
  std::string own_body_;
  Response response_;
  Response unsent_;
  uint64_t body_left_ = 0;
  bool answer_pending_ = false;
  bool close_after_ = false;
};

class Listener final : public Watcher {
 public:
  Listener(Poller& poller, uint16_t port) : backend_{poller}, fd_(listen_on(port)) { poller.watch(fd_, *this); }

  void on_event(uint32_t) override {
    for (int fd = accept_from(fd_); fd >= 0; fd = accept_from(fd_))
      new Connection(backend_, fd);  // owns itself until it retires
  }

 private:
  Backend backend_;
  int fd_;
};

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  if (argc != 2) die("usage: bench_backend PORT");
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Poller poller;
  Listener listener(poller, uint16_t(parse_number(argv[1], 65535)));
  while (true) poller.turn();
}
