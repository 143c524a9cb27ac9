#include <sluice/net/listener.h>

#include <sys/resource.h>

#include <memory>
#include <vector>

#include "sockets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

struct Sink final : AcceptSink {
  std::vector<Fd> sockets;
  std::vector<Address> peers;
  std::vector<int> errors;
  std::unique_ptr<Listener>* destroys = nullptr;
  Listener* pauses = nullptr;
  void on_accept(Fd socket, const Address& peer) override {
    sockets.push_back(std::move(socket));
    peers.push_back(peer);
    if (destroys != nullptr) destroys->reset();
    if (pauses != nullptr) pauses->pause();
  }
  void on_accept_error(int errno_value) override { errors.push_back(errno_value); }
};

std::vector<Fd> connect_many(int fd, int count) {
  std::vector<Fd> clients;
  for (int i = 0; i < count; ++i) clients.push_back(connect_to(bound_address(fd)));
  return clients;
}

}  // namespace

TEST_CASE("accepted sockets are non-blocking, close-on-exec, undelayed and come with their peer") {
  EventLoop loop;
  Fd socket = listening();
  Sink sink;
  Listener listener(loop, socket.get(), sink);
  Fd client = connect_to(bound_address(socket.get()));
  REQUIRE(turn_until(loop, [&] { return sink.sockets.size() == 1; }));
  int fd = sink.sockets[0].get();
  REQUIRE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  REQUIRE((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  int nodelay = 0;
  socklen_t length = sizeof nodelay;
  getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &length);
  REQUIRE(nodelay == 1);
  REQUIRE(sink.peers[0] == bound_address(client.get()));
}

TEST_CASE("a burst is accepted in batches, a turn of the loop between them") {
  EventLoop loop;
  Fd socket = listening();
  auto clients = connect_many(socket.get(), 3 * Listener::kAcceptsPerTurn);
  Sink sink;
  Listener listener(loop, socket.get(), sink);
  // One event and one posted batch at most happen in the first turn.
  loop.run_once(true);
  REQUIRE(sink.sockets.size() <= 2 * Listener::kAcceptsPerTurn);
  REQUIRE(turn_until(loop, [&] { return sink.sockets.size() == clients.size(); }));
}

TEST_CASE("a paused listener accepts nothing; resumed, it takes those who wait") {
  EventLoop loop;
  Fd socket = listening();
  Sink sink;
  Listener listener(loop, socket.get(), sink);
  listener.pause();
  auto clients = connect_many(socket.get(), 2);
  loop.run_once(true);
  REQUIRE(sink.sockets.empty());
  listener.resume();
  REQUIRE(turn_until(loop, [&] { return sink.sockets.size() == 2; }));
}

TEST_CASE("a sink may pause the listener from on_accept") {
  EventLoop loop;
  Fd socket = listening();
  auto clients = connect_many(socket.get(), 3);
  Sink sink;
  Listener listener(loop, socket.get(), sink);
  sink.pauses = &listener;
  REQUIRE(turn_until(loop, [&] { return sink.sockets.size() == 1; }));
  loop.run_once(false);
  REQUIRE(sink.sockets.size() == 1);
}

TEST_CASE("a sink may destroy the listener, and the socket stays open") {
  EventLoop loop;
  Fd socket = listening();
  auto clients = connect_many(socket.get(), 2);
  Sink sink;
  auto listener = std::make_unique<Listener>(loop, socket.get(), sink);
  sink.destroys = &listener;
  REQUIRE(turn_until(loop, [&] { return listener == nullptr; }));
  REQUIRE(sink.sockets.size() == 1);
  Fd next(accept(socket.get(), nullptr, nullptr));
  REQUIRE(next.valid());
}

TEST_CASE("out of descriptors, the listener tells, pauses and goes on later") {
  EventLoop loop;
  Fd socket = listening();
  auto clients = connect_many(socket.get(), 1);
  Sink sink;
  Listener listener(loop, socket.get(), sink);
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none{0, old.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  Tick start = loop.now();
  bool told = turn_until(loop, [&] { return !sink.errors.empty(); });
  setrlimit(RLIMIT_NOFILE, &old);
  REQUIRE(told);
  REQUIRE(sink.errors == std::vector<int>{EMFILE});
  REQUIRE(turn_until(loop, [&] { return sink.sockets.size() == 1; }));
  REQUIRE(loop.now() - start >= 500);
  REQUIRE(sink.errors.size() == 1);
}

TEST_CASE("a taken address is an error in nginx's words") {
  Fd first = listening();
  Address taken = bound_address(first.get());
  auto second = open_listening_socket(taken, {});
  REQUIRE_FALSE(second.ok());
  REQUIRE(second.error().text == "bind() to " + taken.text() + " failed (98: Address already in use)");
}

TEST_CASE("reuse_port opens one address twice") {
  ListenOptions options;
  options.reuse_port = true;
  Fd first = listening(options);
  REQUIRE(open_listening_socket(bound_address(first.get()), options).ok());
}
