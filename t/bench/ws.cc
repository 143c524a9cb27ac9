// bench_ws PORT PATH --connections N --bytes B --seconds S [--idle]
//
// A WebSocket client (RFC 6455) of an echo. Opens N connections; when all are open, each sends a message of B bytes, waits
// for its echo, compares it and sends the next, for S seconds. Prints one line of JSON:
//   messages  echoes that were right, those under way after S seconds too
//   errors    connections that couldn't be opened, were closed, or brought something else; each ends its connection
//   p50_us, p99_us  from sending a message to the end of its echo
// Exits 1 if there was no message.
//
// With --idle each connection has one message echoed and is then held. Prints "ready N" when all are idle, and "closed K"
// (how many the other side closed meanwhile) on SIGTERM or SIGINT. Whatever fails before "ready" ends the program.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "crowd.h"
#include "ending.h"
#include "head.h"
#include "histogram.h"
#include "options.h"
#include "tool.h"
#include "websocket.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kInFlight = 32;
constexpr uint64_t kOpeningNs = 30'000'000'000;
constexpr uint64_t kGraceNs = 2'000'000'000;
constexpr uint32_t kMask = 0x5ac37e91;
constexpr std::string_view kKey = "c2x1aWNlIGJlbmNobWFyaw==";

char scratch[kScratchBytes];

// Messages of one size. Each begins with its number, as far as there is room, so that no echo passes for another's.
class Messages {
 public:
  explicit Messages(size_t bytes) : plain_(bytes, '\0') {
    for (size_t i = 0; i < bytes; ++i) plain_[i] = char('a' + i % 23);
    FrameHead head;
    head.length = bytes;
    echo_head_.resize(head.bytes());
    head.write(echo_head_.data());
    head.masked = true;
    head.mask = kMask;
    head_bytes_ = head.bytes();
    frame_.resize(head_bytes_);
    head.write(frame_.data());
    frame_.append(plain_);
    apply_mask(frame_.data() + head_bytes_, bytes, kMask);
  }

  // frame: message NUMBER, masked; valid until the next call.
  std::string_view frame(uint64_t number) {
    const uint64_t masked = number ^ (uint64_t(kMask) << 32 | kMask);
    std::memcpy(frame_.data() + head_bytes_, &masked, numbered());
    return frame_;
  }

  size_t echo_bytes() const { return echo_head_.size() + plain_.size(); }

  bool is_echo(std::string_view bytes, uint64_t number) {
    std::memcpy(plain_.data(), &number, numbered());
    return bytes.size() == echo_bytes() && bytes.substr(0, echo_head_.size()) == echo_head_ &&
           bytes.substr(echo_head_.size()) == plain_;
  }

 private:
  size_t numbered() const { return std::min(plain_.size(), sizeof(uint64_t)); }

  std::string plain_;
  std::string frame_;
  std::string echo_head_;
  size_t head_bytes_ = 0;
};

// What all connections share.
struct Talk {
  uint16_t port;
  std::string handshake;
  Messages messages;
  bool idle;
  bool over = false;         // no further message is to be sent
  uint64_t opened = 0;       // connections that are ready for the first message, or have had it echoed with --idle
  uint64_t open = 0;         // connections of these that are still open
  uint64_t under_way = 0;    // messages without an echo
  uint64_t numbers = 0;      // messages sent
  uint64_t echoed = 0;
  uint64_t errors = 0;
  Histogram latencies = {};
};

std::string make_handshake(std::string_view path) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: " + std::string(kKey) + "\r\n\r\n";
}

class Client;
using Clients = Crowd<Client>;

class Client final : public Watcher {
 public:
  Client(Poller& poller, Talk& talk, Clients& clients) : talk_(talk), clients_(clients), fd_(try_connect(talk.port)) {
    if (fd_ >= 0) poller.watch(fd_, *this);
    unsent_ = talk.handshake;
    if (fd_ < 0) fail("connect");
  }

  // speak: the next message. REQUIRES: the last one has been echoed.
  void speak() {
    if (fd_ < 0) return;
    waiting_ = true;
    ++talk_.under_way;
    number_ = ++talk_.numbers;
    sent_at_ns_ = now_ns();
    const std::string_view frame = talk_.messages.frame(number_);
    const ssize_t sent = send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return fail("send");
    unsent_ = frame.substr(sent < 0 ? 0 : size_t(sent));
  }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & EPOLLOUT) != 0 && !unsent_.empty() && !flush()) return fail("send");
    if ((events & ~uint32_t(EPOLLOUT)) != 0) read_all((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }

 private:
  enum class Stage { kHandshake, kOpen, kHeld };

  bool flush() {
    const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    unsent_.erase(0, size_t(sent));
    return true;
  }

  void read_all(bool to_the_end) {
    while (fd_ >= 0) {
      const ssize_t got = recv(fd_, scratch, sizeof scratch, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return fail("closed by the other side");
      take(std::string_view(scratch, size_t(got)));
      if (size_t(got) < sizeof scratch && !to_the_end) return;
    }
  }

  void take(std::string_view bytes) {
    if (!kept_.empty()) bytes = kept_.append(bytes);
    if (!is_complete(bytes)) {
      if (kept_.empty()) kept_ = bytes;
      return;
    }
    const bool right = stage_ == Stage::kHandshake ? is_accepted(bytes) : is_echo(bytes);
    kept_.clear();
    if (!right) return fail("not what was to come");
    if (stage_ == Stage::kHandshake) return on_open();
    on_echo();
  }

  bool is_complete(std::string_view bytes) const {
    return stage_ == Stage::kHandshake ? bytes.find("\r\n\r\n") != std::string_view::npos
                                       : bytes.size() >= talk_.messages.echo_bytes();
  }

  static bool is_accepted(std::string_view head) {
    return head.substr(0, 12) == "HTTP/1.1 101" && head.find("\r\n\r\n") + 4 == head.size() &&
           is_token(field(head, "Upgrade"), "websocket") && is_token(field(head, "Connection"), "upgrade") &&
           field(head, "Sec-WebSocket-Accept") == accept_of(kKey);
  }

  bool is_echo(std::string_view bytes) const { return waiting_ && talk_.messages.is_echo(bytes, number_); }

  void on_open() {
    stage_ = Stage::kOpen;
    ++talk_.open;
    if (talk_.idle) return speak();
    ++talk_.opened;
    clients_.settle();
  }

  void on_echo() {
    waiting_ = false;
    --talk_.under_way;
    ++talk_.echoed;
    talk_.latencies.record(now_ns() - sent_at_ns_);
    if (talk_.idle) return hold();
    if (!talk_.over) speak();
  }

  void hold() {
    stage_ = Stage::kHeld;
    std::string().swap(kept_);
    std::string().swap(unsent_);
    ++talk_.opened;
    clients_.settle();
  }

  // fail: the connection is of no more use.
  void fail(const char* why) {
    if (talk_.idle && stage_ != Stage::kHeld) die(why);
    if (stage_ == Stage::kHandshake) clients_.settle();
    if (stage_ != Stage::kHandshake) --talk_.open;
    if (waiting_) --talk_.under_way;
    ++talk_.errors;
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  Talk& talk_;
  Clients& clients_;
  int fd_;
  Stage stage_ = Stage::kHandshake;
  bool waiting_ = false;
  uint64_t number_ = 0;
  uint64_t sent_at_ns_ = 0;
  std::string unsent_;
  std::string kept_;
};

// open_all: true when each client is open or has failed.
bool open_all(Poller& poller, Clients& clients, const Ending& ending) {
  const uint64_t deadline_ns = now_ns() + kOpeningNs;
  while (!clients.settled() && !ending.wanted() && now_ns() < deadline_ns) {
    clients.fill();
    if (!clients.settled()) poller.turn_until(deadline_ns);
  }
  return clients.settled();
}

int hold(Poller& poller, const Talk& talk, const Ending& ending) {
  std::printf("ready %ju\n", uintmax_t(talk.opened));
  std::fflush(stdout);
  while (!ending.wanted()) poller.turn();
  std::printf("closed %ju\n", uintmax_t(talk.opened - talk.open));
  return 0;
}

int converse(Poller& poller, Talk& talk, Clients& clients, uint64_t length_ns, const Ending& ending) {
  const uint64_t end_ns = now_ns() + length_ns;
  for (const auto& client : clients.clients()) client->speak();
  while (talk.open > 0 && !ending.wanted() && now_ns() < end_ns) poller.turn_until(end_ns);
  talk.over = true;
  while (talk.under_way > 0 && !ending.wanted() && now_ns() < end_ns + kGraceNs) poller.turn_until(end_ns + kGraceNs);
  talk.errors += talk.under_way;
  std::printf("{\"messages\":%ju,\"errors\":%ju,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", uintmax_t(talk.echoed),
              uintmax_t(talk.errors), double(talk.latencies.quantile_ns(0.5)) / 1e3,
              double(talk.latencies.quantile_ns(0.99)) / 1e3);
  return talk.echoed > 0 ? 0 : 1;
}

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, "bench_ws PORT PATH --connections N --bytes B --seconds S [--idle]", 2,
                        {"--connections", "--bytes", "--seconds"}, {"--idle"});
  const bool idle = options.has("--idle");
  const uint32_t connections = options.number("--connections", 60000);
  const uint64_t length_ns = idle ? 0 : options.seconds_ns("--seconds");
  raise_descriptor_limit();
  Poller poller;
  const Ending ending(poller);
  Talk talk{options.port(), make_handshake(options.argument(1)),
            Messages(idle && !options.has("--bytes") ? 64 : options.number("--bytes", 1 << 20)), idle};
  Clients clients(connections, kInFlight, [&] { return std::make_unique<Client>(poller, talk, clients); });
  if (!open_all(poller, clients, ending)) die("the connections could not be opened in time");
  return idle ? hold(poller, talk, ending) : converse(poller, talk, clients, length_ns, ending);
}
