// bench_sse PORT PATH --connections N --seconds S
//
// Opens N event streams (text/event-stream) of bench_backend and, when all are open, counts their events for S seconds.
// Prints one line of JSON:
//   events  events of these S seconds
//   errors  streams that couldn't be opened, ended or brought anything but events; each ends its stream
//   p50_us, p99_us  from the instant that the backend wrote into an event to the one at which it was read
// Exits 1 if there was no event.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "crowd.h"
#include "ending.h"
#include "histogram.h"
#include "options.h"
#include "response_reader.h"
#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kInFlight = 32;
constexpr uint64_t kOpeningNs = 30'000'000'000;
constexpr size_t kLongestLine = 1024;
constexpr std::string_view kData = "data: ";

char scratch[kScratchBytes];

// What all streams share.
struct Audience {
  uint16_t port;
  std::string request;
  bool counts = false;
  uint64_t open = 0;
  uint64_t events = 0;
  uint64_t errors = 0;
  Histogram latencies = {};
};

class Client;
using Clients = Crowd<Client>;

class Client final : public Watcher {
 public:
  Client(Poller& poller, Audience& audience, Clients& clients)
      : audience_(audience), clients_(clients), fd_(try_connect(audience.port)) {
    if (fd_ >= 0) poller.watch(fd_, *this);
    if (fd_ < 0) fail();
  }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if (!asked_ && (events & EPOLLOUT) != 0 && !ask()) return fail();
    if ((events & ~uint32_t(EPOLLOUT)) != 0) read_all((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }

 private:
  bool ask() {
    asked_ = true;
    const std::string& request = audience_.request;
    return send(fd_, request.data(), request.size(), MSG_NOSIGNAL) == ssize_t(request.size());
  }

  void read_all(bool to_the_end) {
    while (fd_ >= 0) {
      const ssize_t got = recv(fd_, scratch, sizeof scratch, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0 || !take(std::string_view(scratch, size_t(got)))) return fail();
      if (size_t(got) < sizeof scratch && !to_the_end) return;
    }
  }

  // take: what arrived. False when it isn't a part of a stream of events.
  bool take(std::string_view bytes) {
    const uint64_t now = now_ns();
    while (!bytes.empty() && !reader_.done() && !reader_.broken())
      if (!take_text(reader_.take(bytes), now)) return false;
    if (reader_.done() || reader_.broken() || (reader_.started() && reader_.status() != 200)) return false;
    if (reader_.started() && !open_) on_open();
    return true;
  }

  void on_open() {
    open_ = true;
    ++audience_.open;
    clients_.settle();
  }

  // take_text: a piece of the stream. Lines lie in it whole, but for one at its end.
  bool take_text(std::string_view text, uint64_t now) {
    for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      line_.append(text.substr(0, end));
      text.remove_prefix(end + 1);
      if (!take_line(line_, now)) return false;
      line_.clear();
    }
    line_.append(text);
    return line_.size() <= kLongestLine;
  }

  bool take_line(std::string_view line, uint64_t now) {
    if (line.empty()) return true;
    uint64_t sent_at_ns = 0;
    if (line.substr(0, kData.size()) != kData) return false;
    line.remove_prefix(kData.size());
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), sent_at_ns);
    if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size() || sent_at_ns > now) return false;
    if (!audience_.counts) return true;
    ++audience_.events;
    audience_.latencies.record(now - sent_at_ns);
    return true;
  }

  void fail() {
    if (open_) --audience_.open;
    if (!open_) clients_.settle();
    ++audience_.errors;
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  Audience& audience_;
  Clients& clients_;
  int fd_;
  bool asked_ = false;
  bool open_ = false;
  ResponseReader reader_;
  std::string line_;
};

void open_all(Poller& poller, Clients& clients, const Ending& ending) {
  const uint64_t deadline_ns = now_ns() + kOpeningNs;
  for (clients.fill(); !clients.settled() && !ending.wanted() && now_ns() < deadline_ns; clients.fill())
    poller.turn_until(deadline_ns);
  errno = 0;
  if (!clients.settled()) die("the streams could not be opened in time");
}

int count(Poller& poller, Audience& audience, uint64_t length_ns, const Ending& ending) {
  const uint64_t end_ns = now_ns() + length_ns;
  audience.counts = true;
  while (audience.open > 0 && !ending.wanted() && now_ns() < end_ns) poller.turn_until(end_ns);
  std::printf("{\"events\":%ju,\"errors\":%ju,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", uintmax_t(audience.events),
              uintmax_t(audience.errors), double(audience.latencies.quantile_ns(0.5)) / 1e3,
              double(audience.latencies.quantile_ns(0.99)) / 1e3);
  return audience.events > 0 ? 0 : 1;
}

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, "bench_sse PORT PATH --connections N --seconds S", 2, {"--connections", "--seconds"});
  const uint32_t connections = options.number("--connections", 60000);
  const uint64_t length_ns = options.seconds_ns("--seconds");
  raise_descriptor_limit();
  Poller poller;
  const Ending ending(poller);
  Audience audience{options.port(), std::string("GET ") + options.argument(1) +
                                        " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"};
  Clients clients(connections, kInFlight, [&] { return std::make_unique<Client>(poller, audience, clients); });
  open_all(poller, clients, ending);
  return count(poller, audience, length_ns, ending);
}
