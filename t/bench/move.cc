// bench_move PORT [--path PATH] [--up BYTES] --connections N --seconds S
//
// Moves long bodies in a closed loop: on each of N keep-alive connections one request after the other, POST with a body of
// BYTES that is sent from one constant block, or GET without --up. After S seconds no further request begins; those under
// way are completed, so that no part of a body goes uncounted. Prints one line of JSON:
//   requests  answered with 200
//   bytes     of the bodies of these, both ways
//   errors    answered otherwise, or not at all; each ends its connection
// PATH is "/" unless given. Exits 1 if nothing was answered.
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ending.h"
#include "options.h"
#include "response_reader.h"
#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint64_t kGraceNs = 10'000'000'000;
constexpr size_t kBlockBytes = 262144;

char scratch[kScratchBytes];

// What all connections share.
struct Work {
  uint16_t port;
  std::string head;
  uint64_t up_bytes;
  std::string block = std::string(kBlockBytes, 'x');
  bool over = false;
  uint32_t busy = 0;  // connections with a request under way
  uint64_t requests = 0;
  uint64_t bytes = 0;
  uint64_t errors = 0;
};

class Client final : public Watcher {
 public:
  Client(Poller& poller, Work& work) : work_(work), fd_(try_connect(work.port)) {
    ++work_.busy;
    if (fd_ >= 0) poller.watch(fd_, *this);
    if (fd_ < 0) fail();
    begin();
  }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & EPOLLOUT) != 0 && !flush()) return fail();
    if ((events & ~uint32_t(EPOLLOUT)) != 0) read_all((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }

 private:
  void begin() {
    reader_.begin();
    head_ = work_.head;
    up_left_ = work_.up_bytes;
  }

  // flush: sends what the socket takes. False when the connection is gone.
  bool flush() {
    while (!head_.empty() || up_left_ > 0) {
      const size_t part = size_t(std::min<uint64_t>(up_left_, work_.block.size()));
      iovec pieces[2] = {{const_cast<char*>(head_.data()), head_.size()}, {work_.block.data(), part}};
      msghdr message{};
      message.msg_iov = pieces;
      message.msg_iovlen = 2;
      const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      const size_t of_head = std::min(size_t(sent), head_.size());
      head_.remove_prefix(of_head);
      up_left_ -= size_t(sent) - of_head;
    }
    return true;
  }

  void read_all(bool to_the_end) {
    while (fd_ >= 0) {
      const ssize_t got = recv(fd_, scratch, sizeof scratch, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0 || !take(std::string_view(scratch, size_t(got)))) return fail();
      if (size_t(got) < sizeof scratch && !to_the_end) return;
    }
  }

  // take: what arrived. False when the connection is of no more use.
  bool take(std::string_view bytes) {
    while (!bytes.empty() && !reader_.done() && !reader_.broken()) reader_.take(bytes);
    if (reader_.broken() || !bytes.empty()) return false;
    if (!reader_.done()) return true;
    if (reader_.status() != 200 || reader_.closes() || !head_.empty() || up_left_ > 0) return false;
    ++work_.requests;
    work_.bytes += work_.up_bytes + reader_.body_bytes();
    if (work_.over) {
      --work_.busy;
      finish();
      return true;
    }
    begin();
    return flush();
  }

  void fail() {
    ++work_.errors;
    --work_.busy;
    finish();
  }

  void finish() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  Work& work_;
  int fd_;
  std::string_view head_;
  uint64_t up_left_ = 0;
  ResponseReader reader_;
};

std::string make_head(std::string_view path, uint64_t up_bytes) {
  std::string head = std::string(up_bytes > 0 ? "POST " : "GET ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  if (up_bytes > 0) head += "Content-Length: " + std::to_string(up_bytes) + "\r\n";
  return head + "\r\n";
}

void run(Poller& poller, Work& work, uint64_t end_ns, const Ending& ending) {
  while (work.busy > 0 && !ending.wanted() && now_ns() < end_ns) poller.turn_until(end_ns);
  work.over = true;
  while (work.busy > 0 && !ending.wanted() && now_ns() < end_ns + kGraceNs) poller.turn_until(end_ns + kGraceNs);
  work.errors += work.busy;
}

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, "bench_move PORT [--path PATH] [--up BYTES] --connections N --seconds S", 1,
                        {"--path", "--up", "--connections", "--seconds"});
  const uint64_t up_bytes = options.has("--up") ? options.number("--up", UINT32_MAX) : 0;
  const uint32_t connections = options.number("--connections", 60000);
  const uint64_t length_ns = options.seconds_ns("--seconds");
  raise_descriptor_limit();
  Poller poller;
  const Ending ending(poller);
  Work work{options.port(), make_head(options.has("--path") ? options.text("--path") : "/", up_bytes), up_bytes};
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < connections; ++i) clients.push_back(std::make_unique<Client>(poller, work));
  run(poller, work, now_ns() + length_ns, ending);
  std::printf("{\"requests\":%ju,\"bytes\":%ju,\"errors\":%ju}\n", uintmax_t(work.requests), uintmax_t(work.bytes),
              uintmax_t(work.errors));
  return work.requests > 0 ? 0 : 1;
}
