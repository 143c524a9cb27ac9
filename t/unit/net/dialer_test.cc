#include <sluice/net/dialer.h>

#include <cstdlib>
#include <string>

#include "sockets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

using Dialed = Result<std::unique_ptr<Stream>>;

Task<void> dial_into(EventLoop& loop, Address address, Tick deadline, std::optional<Dialed>& out) {
  out.emplace(co_await dial(loop, address, deadline));
}

std::string temporary_path(const char* name) {
  char folder[] = "/tmp/sluice-dialer-XXXXXX";
  return std::string(mkdtemp(folder)) + "/" + name;
}

}  // namespace

TEST_CASE("a loopback connection is there at once and carries bytes") {
  EventLoop loop;
  Fd listener = listening();
  auto task = dial(loop, bound_address(listener.get()), loop.now() + 1000);
  REQUIRE(task.ready());
  auto dialed = task.take();
  REQUIRE(dialed.ok());
  Fd far(accept(listener.get(), nullptr, nullptr));
  REQUIRE((*dialed)->try_write("hi", 2).value() == 2);
  std::string got;
  receive_some(far, got);
  REQUIRE(got == "hi");
  int nodelay = 0;
  socklen_t length = sizeof nodelay;
  getsockopt((*dialed)->fd(), IPPROTO_TCP, TCP_NODELAY, &nodelay, &length);
  REQUIRE(nodelay == 1);
}

TEST_CASE("a refused connection is a retryable error of the upstream") {
  EventLoop loop;
  Fd listener = listening();
  Address address = bound_address(listener.get());
  listener.reset();
  std::optional<Dialed> dialed;
  Flow flow;
  flow.start(dial_into(loop, address, loop.now() + 1000, dialed));
  REQUIRE(turn_until(loop, [&] { return dialed.has_value(); }));
  REQUIRE(dialed->error().kind == ErrorKind::connect_failed);
  REQUIRE(dialed->error().text == "connect() failed (111: Connection refused)");
  REQUIRE(dialed->error().os_errno == ECONNREFUSED);
  REQUIRE(dialed->error().retryable);
  REQUIRE(dialed->error().source == ErrorSource::upstream);
}

TEST_CASE("a unix socket is dialled, and a missing one named") {
  EventLoop loop;
  std::string path = temporary_path("socket");
  Address address = *Address::parse("unix:" + path);
  auto missing = dial(loop, address, 0);
  REQUIRE(missing.ready());
  auto failed = missing.take();
  REQUIRE(failed.error().text == "connect() to unix:" + path + " failed (2: No such file or directory)");
  REQUIRE(failed.error().retryable);

  auto listener = open_listening_socket(address, {});
  REQUIRE(listener.ok());
  auto there = dial(loop, address, 0);
  REQUIRE(there.ready());
  REQUIRE(there.take().ok());
  unlink(path.c_str());
}

// A listener whose queue is full drops the handshake: the connection neither fails nor succeeds.
TEST_CASE("a connection that does not come about is a timeout") {
  EventLoop loop;
  ListenOptions tiny;
  tiny.backlog = 0;
  Fd listener = listening(tiny);
  Address address = bound_address(listener.get());
  std::vector<std::unique_ptr<Stream>> queued;
  std::optional<Dialed> dialed;
  Flow flow;
  for (int i = 0; i < 10; ++i) {
    dialed.reset();
    flow.start(dial_into(loop, address, loop.now() + 40, dialed));
    REQUIRE(turn_until(loop, [&] { return dialed.has_value(); }));
    if (!dialed->ok()) break;
    queued.push_back(std::move(dialed->value()));
  }
  REQUIRE(dialed->error().kind == ErrorKind::timeout);
  REQUIRE(dialed->error().text == "connect() timed out (110: Connection timed out)");
  REQUIRE(dialed->error().retryable);
}

TEST_CASE("a dial is cancelled by dropping it") {
  EventLoop loop;
  ListenOptions tiny;
  tiny.backlog = 0;
  Fd listener = listening(tiny);
  Address address = bound_address(listener.get());
  std::optional<Dialed> results[4];
  Flow flows[4];
  for (int i = 0; i < 4; ++i) flows[i].start(dial_into(loop, address, 0, results[i]));
  for (auto& flow : flows) flow.cancel();
  loop.run_once(false);
}
