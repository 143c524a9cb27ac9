// What the tools of the bench share: sockets and an epoll loop in the cheapest form that is still correct.
//
// The tools have no dependency and share nothing with sluice, so that a mistake in sluice's own socket code can't hide
// behind the same mistake here. An unusable argument or a socket that can't be made ends the program with a message.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sluice::bench {

// One read takes at most this much; both halves of a forwarder share one such scratch.
inline constexpr size_t kScratchBytes = 65536;

// die: prints "TOOL: WHAT: strerror(errno)" (without the last part when errno is 0) and exits 1.
[[noreturn]] void die(std::string_view what);

// parse_number: the decimal TEXT, which must lie in [1, MAXIMUM]; otherwise the program ends.
uint32_t parse_number(const char* text, uint32_t maximum);

// listen_on: a non-blocking listening socket on 127.0.0.1:PORT.
int listen_on(uint16_t port);

// accept_from: the next waiting connection, non-blocking and without Nagle's delay; -1 when none waits.
int accept_from(int listener);

// connect_to: a non-blocking connection to 127.0.0.1:PORT that may still be in progress, without Nagle's delay.
int connect_to(uint16_t port);

// try_connect: the same; -1 when it is refused at once.
int try_connect(uint16_t port);

// now_ns: CLOCK_MONOTONIC, which is the same for every process of the machine.
uint64_t now_ns();

// raise_descriptor_limit: the soft limit becomes the hard one.
void raise_descriptor_limit();

// Whoever wants to hear of a descriptor. It is alive while its descriptor is registered.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_event(uint32_t events) = 0;
};

// Poller: epoll, edge-triggered, one registration per descriptor for its whole life. Watchers that end during a turn
// are handed over and freed after it, because a later event of the same turn may still name them.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void watch(int fd, Watcher& watcher);

  // rewatch: from now on WATCHER hears of the watched FD instead; what is ready already is reported again.
  void rewatch(int fd, Watcher& watcher);

  // retire: deletes WATCHER after this turn. Its descriptor is closed already.
  void retire(Watcher* watcher);

  // turn: waits for events and dispatches them.
  void turn();

  // turn_until: the same, but waits no longer than until DEADLINE_NS by now_ns(), and not at all if that is past.
  void turn_until(uint64_t deadline_ns);

 private:
  struct Retired;
  void control(int operation, int fd, Watcher& watcher);
  void dispatch(int count);

  int fd_;
  std::array<epoll_event, 256> events_;
  std::unique_ptr<Retired> retired_;
};

}  // namespace sluice::bench
