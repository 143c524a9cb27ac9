// bench_backend PORT
//
// The upstream of every row: an HTTP/1.1 server that costs as little as possible and counts what it served, so that the
// load generator's own count can be checked.
//
//   GET /64, /128, /16k, /1m   a body of that size (any other path: 128 bytes)
//   POST anything              reads the body (Content-Length), answers 128 bytes
//   GET /head                  answers the request head as it arrived: what a proxy really sends
//   GET /count                 "requests N\nbody_bytes M\nresponse_bytes K\n" of everything but /head and /count
//
// Keep-alive and pipelining as in RFC 9112; "Connection: close" closes. A chunked request is answered 411.
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kEnding = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

char scratch[kScratchBytes];

struct Counts {
  uint64_t requests = 0;
  uint64_t body_bytes = 0;
  uint64_t response_bytes = 0;
};

// A response that is ready to send. Its bytes live as long as the program or until the connection's next response.
struct Response {
  std::string_view head;
  std::string_view body;

  bool empty() const { return head.empty() && body.empty(); }

  void skip(size_t bytes) {
    const size_t of_head = std::min(bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(bytes - of_head);
  }
};

std::string make_head(int status, size_t length) {
  return "HTTP/1.1 " + std::to_string(status) + (status == 200 ? " OK" : " Length Required") +
         "\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// The bodies that are asked for by name: text of a known pattern, so that a proxy's damage can be seen.
class Bodies {
 public:
  Bodies() : text_(size_t(1) << 20, '\0') {
    for (size_t i = 0; i < text_.size(); ++i) text_[i] = char('a' + i % 23);
    for (Entry& entry : entries_) entry.head = make_head(200, entry.bytes);
  }

  Response find(std::string_view path) const {
    for (const Entry& entry : entries_)
      if (entry.path == path) return {entry.head, std::string_view(text_).substr(0, entry.bytes)};
    return find("/128");
  }

 private:
  struct Entry {
    std::string_view path;
    size_t bytes;
    std::string head = {};
  };
  std::string text_;
  Entry entries_[4] = {{"/64", 64}, {"/128", 128}, {"/16k", 16384}, {"/1m", size_t(1) << 20}};
};

// field: the value of header field NAME in HEAD, without white space around it; empty when absent.
std::string_view field(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at <= name.size() || head[at + name.size()] != ':') continue;
    if (strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    std::string_view value = head.substr(at + name.size() + 1, head.find("\r\n", at) - at - name.size() - 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

bool is_close(std::string_view value) { return value.size() == 5 && strncasecmp(value.data(), "close", 5) == 0; }

std::string_view path_of(std::string_view head) {
  const size_t begin = std::min(head.find(' ') + 1, head.size());
  return head.substr(begin, head.find_first_of(" ?", begin) - begin);
}

class Connection final : public Watcher {
 public:
  Connection(Poller& poller, int fd, const Bodies& bodies, Counts& counts)
      : poller_(poller), fd_(fd), bodies_(bodies), counts_(counts) {
    poller.watch(fd, *this);
  }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & EPOLLOUT) != 0 && !unsent_.empty() && !(flush() && take({}))) return end();
    if ((events & ~uint32_t(EPOLLOUT)) != 0 && !read_all((events & kEnding) != 0)) end();
  }

 private:
  // read_all: serves what arrived. False when the connection is to be closed.
  bool read_all(bool to_the_end) {
    while (true) {
      const ssize_t got = recv(fd_, scratch, sizeof scratch, 0);
      if (got < 0) return errno == EAGAIN;
      if (got == 0 || !take(std::string_view(scratch, size_t(got)))) return false;
      if (size_t(got) < sizeof scratch && !to_the_end) return true;
    }
  }

  // take: every request that is complete with BYTES, until one can't be answered at once; the rest is kept.
  bool take(std::string_view bytes) {
    if (!kept_.empty()) bytes = kept_.append(bytes);
    while (unsent_.empty()) {
      const size_t body = size_t(std::min<uint64_t>(body_left_, bytes.size()));
      bytes.remove_prefix(body);
      counts_.body_bytes += body;
      body_left_ -= body;
      if (body_left_ > 0) break;
      if (answer_pending_) {
        if (!answer()) return false;
        continue;
      }
      const size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      begin(bytes.substr(0, end + 2));
      bytes.remove_prefix(end + 4);
    }
    kept_ = std::string(bytes);
    return true;
  }

  // begin: a head is complete. The answer leaves when the body has been read.
  void begin(std::string_view head) {
    answer_pending_ = true;
    close_after_ = is_close(field(head, "Connection"));
    const std::string length(field(head, "Content-Length"));
    body_left_ = length.empty() ? 0 : std::strtoull(length.c_str(), nullptr, 10);
    const std::string_view path = path_of(head);
    if (!field(head, "Transfer-Encoding").empty())
      own(411, "chunked requests are not measured\n");
    else if (path == "/head")
      own(200, std::string(head));
    else if (path == "/count")
      own(200, "requests " + std::to_string(counts_.requests) + "\nbody_bytes " + std::to_string(counts_.body_bytes) +
                   "\nresponse_bytes " + std::to_string(counts_.response_bytes) + "\n");
    else
      counted(bodies_.find(path));
  }

  void counted(Response response) {
    response_ = response;
    ++counts_.requests;
    counts_.response_bytes += response.body.size();
  }

  void own(int status, std::string body) {
    own_body_ = std::move(body);
    own_head_ = make_head(status, own_body_.size());
    response_ = {own_head_, own_body_};
  }

  bool answer() {
    answer_pending_ = false;
    unsent_ = response_;
    return flush();
  }

  // flush: sends what the socket takes. False when the connection is to be closed.
  bool flush() {
    while (!unsent_.empty()) {
      iovec parts[2] = {{const_cast<char*>(unsent_.head.data()), unsent_.head.size()},
                        {const_cast<char*>(unsent_.body.data()), unsent_.body.size()}};
      const ssize_t written = writev(fd_, parts, 2);
      if (written < 0) return errno == EAGAIN;
      unsent_.skip(size_t(written));
    }
    return !close_after_;
  }

  void end() {
    close(fd_);
    fd_ = -1;
    poller_.retire(this);
  }

  Poller& poller_;
  int fd_;
  const Bodies& bodies_;
  Counts& counts_;
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
  Listener(Poller& poller, uint16_t port) : poller_(poller), fd_(listen_on(port)) { poller.watch(fd_, *this); }

  void on_event(uint32_t) override {
    for (int fd = accept_from(fd_); fd >= 0; fd = accept_from(fd_))
      new Connection(poller_, fd, bodies_, counts_);  // owns itself until it retires
  }

 private:
  Poller& poller_;
  int fd_;
  Bodies bodies_;
  Counts counts_;
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
