#include "backend_events.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace sluice::bench {

namespace {

char scratch[kScratchBytes];

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

}  // namespace

class EventStream;

// One interval: a timer and the streams that it serves.
class Ticker final : public Watcher {
 public:
  Ticker(Poller& poller, uint32_t every_ms, BackendCounts& counts);
  ~Ticker() override;

  void on_event(uint32_t) override;
  void add(EventStream& stream) { streams_.push_back(&stream); }
  void remove(EventStream& stream) { streams_.erase(std::find(streams_.begin(), streams_.end(), &stream)); }

 private:
  int fd_;
  BackendCounts& counts_;
  std::vector<EventStream*> streams_;
};

class EventStream final : public Watcher {
 public:
  EventStream(Poller& poller, int fd, Ticker& ticker) : poller_(poller), fd_(fd), ticker_(ticker) {
    ticker.add(*this);
    poller.rewatch(fd, *this);
    put(kHead);
  }

  // tell: one event, unless the stream still has the rest of another. Whether it did.
  bool tell() {
    if (!unsent_.empty() || fd_ < 0) return false;
    char event[64];
    const int length = std::snprintf(event, sizeof event, "1c\r\ndata: %020ju\n\n\r\n", uintmax_t(now_ns()));
    put({event, size_t(length)});
    return true;
  }

  // A stream that fails to send is heard of here as well, and only here it ends: its ticker may be in the middle of a round.
  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & EPOLLOUT) != 0 && !unsent_.empty()) put(std::string(std::move(unsent_)));
    if ((events & ~uint32_t(EPOLLOUT)) != 0 && !drain()) end();
  }

 private:
  void put(std::string_view bytes) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    unsent_ = bytes.substr(sent < 0 ? 0 : size_t(sent));
  }

  // drain: false when the other side has ended.
  bool drain() {
    ssize_t got = 1;
    while (got > 0) got = recv(fd_, scratch, sizeof scratch, 0);
    return got < 0 && errno == EAGAIN;
  }

  void end() {
    ticker_.remove(*this);
    close(fd_);
    fd_ = -1;
    poller_.retire(this);
  }

  Poller& poller_;
  int fd_;
  Ticker& ticker_;
  std::string unsent_;
};

Ticker::Ticker(Poller& poller, uint32_t every_ms, BackendCounts& counts)
    : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), counts_(counts) {
  const timespec interval{time_t(every_ms / 1000), long(every_ms % 1000) * 1000000};
  const itimerspec every{interval, interval};
  if (fd_ < 0 || timerfd_settime(fd_, 0, &every, nullptr) != 0) die("timerfd");
  poller.watch(fd_, *this);
}

Ticker::~Ticker() { close(fd_); }

// Intervals that were missed are not made up for.
void Ticker::on_event(uint32_t) {
  uint64_t expirations = 0;
  if (read(fd_, &expirations, sizeof expirations) < 0) return;
  for (EventStream* const stream : streams_) counts_.events += stream->tell() ? 1 : 0;
}

EventStreams::EventStreams(Poller& poller, BackendCounts& counts) : poller_(poller), counts_(counts) {}

EventStreams::~EventStreams() = default;

void EventStreams::accept(int fd, uint32_t every_ms) {
  std::unique_ptr<Ticker>& ticker = tickers_[every_ms];
  if (ticker == nullptr) ticker = std::make_unique<Ticker>(poller_, every_ms, counts_);
  new EventStream(poller_, fd, *ticker);  // owns itself until it retires
}

}  // namespace sluice::bench
