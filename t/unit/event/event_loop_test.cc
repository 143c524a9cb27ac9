#include <sluice/event/event_loop.h>

#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

struct Work : Posted {
  std::string* log = nullptr;
  char name = '?';
  EventLoop* again = nullptr;
  Work(std::string& l, char n) : log(&l), name(n) {}
  void on_posted() override {
    log->push_back(name);
    if (again != nullptr) again->post(*this);
  }
};

Task<void> sleeper(Milliseconds delay, int& woken) {
  co_await sleep_for(delay);
  ++woken;
}

struct Watched : IoWatcher {
  unsigned seen = 0;
  Watched(EventLoop& loop, int fd) { watch(loop, fd); }
  ~Watched() override { close_fd(); }
  using IoWatcher::unwatch;
  void on_events(unsigned events) override { seen |= events; }
};

struct Bell : Wakeup {
  EventLoop& loop;
  int rung = 0;
  explicit Bell(EventLoop& l) : Wakeup(l), loop(l) {}
  void on_wakeup() override {
    ++rung;
    loop.stop();
  }
};

}  // namespace

TEST_CASE("posted work runs once, in order, in the next turn") {
  EventLoop loop;
  std::string log;
  Work a(log, 'a'), b(log, 'b');
  loop.post(b);
  loop.post(a);
  loop.post(b);
  REQUIRE(log.empty());
  loop.run_once(true);
  loop.run_once(false);
  REQUIRE(log == "ba");
}

TEST_CASE("work posted from posted work waits for the next turn") {
  EventLoop loop;
  std::string log;
  Work a(log, 'a');
  a.again = &loop;
  loop.post(a);
  loop.run_once(true);
  REQUIRE(log == "a");
  loop.run_once(true);
  REQUIRE(log == "aa");
}

TEST_CASE("destroyed work is not run") {
  EventLoop loop;
  std::string log;
  {
    Work a(log, 'a');
    loop.post(a);
  }
  loop.run_once(false);
  REQUIRE(log.empty());
}

TEST_CASE("a sleeping flow wakes up and not too early") {
  EventLoop loop;
  int woken = 0;
  Tick start = loop.now();
  Flow flow;
  flow.start(sleeper(Milliseconds(20), woken));
  while (woken == 0) loop.run_once(true);
  REQUIRE(loop.now() - start >= 20);
}

TEST_CASE("a zero sleep gives the loop one turn") {
  EventLoop loop;
  int woken = 0;
  Flow flow;
  flow.start(sleeper(Milliseconds(0), woken));
  REQUIRE(woken == 0);
  loop.run_once(true);
  REQUIRE(woken == 1);
}

TEST_CASE("a cancelled sleep never wakes") {
  EventLoop loop;
  int woken = 0;
  Flow cancelled, later;
  int end = 0;
  cancelled.start(sleeper(Milliseconds(1), woken));
  later.start(sleeper(Milliseconds(40), end));
  cancelled.cancel();
  while (end == 0) loop.run_once(true);
  REQUIRE(woken == 0);
}

TEST_CASE("a watcher hears of readable, writable and closed") {
  EventLoop loop;
  int pair[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
  Watched watched(loop, pair[0]);
  loop.run_once(false);
  REQUIRE(watched.seen == IoWatcher::kWritable);
  REQUIRE(write(pair[1], "x", 1) == 1);
  loop.run_once(false);
  REQUIRE((watched.seen & IoWatcher::kReadable) != 0);
  close(pair[1]);
  loop.run_once(false);
  REQUIRE((watched.seen & IoWatcher::kClosed) != 0);
}

TEST_CASE("an unwatched descriptor stays open and silent") {
  EventLoop loop;
  int pair[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
  Watched watched(loop, pair[0]);
  REQUIRE(watched.unwatch() == pair[0]);
  REQUIRE(write(pair[1], "x", 1) == 1);
  loop.run_once(false);
  REQUIRE(watched.seen == 0);
  char byte;
  REQUIRE(read(pair[0], &byte, 1) == 1);
  close(pair[0]);
  close(pair[1]);
}

TEST_CASE("another thread wakes the loop up and stops it") {
  EventLoop loop;
  Bell bell(loop);
  std::thread other([&] { bell.notify(); });
  loop.run();
  other.join();
  REQUIRE(bell.rung == 1);
  REQUIRE(loop.turns() >= 1);
}
