#include <sluice/net/tunnel.h>

#include <memory>
#include <string>

#include "sockets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

// client <-> a | tunnel | b <-> server
struct Setup final : Tunnel::Owner {
  EventLoop loop;
  Fd client, server;
  std::unique_ptr<Stream> a, b;
  std::optional<Tunnel> tunnel;
  bool ended = false;
  std::optional<Error> error;
  bool destroys_all = false;

  Setup(SocketPair near, SocketPair far) {
    client = std::move(near.far);
    server = std::move(far.far);
    a = std::make_unique<Stream>(loop, near.near.release());
    b = std::make_unique<Stream>(loop, far.near.release());
  }
  void start(Milliseconds idle = Milliseconds(0)) {
    tunnel.emplace(*this, *a, *b, idle);
    if (!tunnel->start()) tunnel_ended();
  }
  void tunnel_ended() override {
    ended = true;
    if (tunnel->error() != nullptr) error = *tunnel->error();
    tunnel.reset();
    if (!destroys_all) return;
    a.reset();
    b.reset();
  }
  bool until(const std::function<bool()>& done) { return turn_until(loop, done); }
};

std::string received(Setup& setup, const Fd& fd, size_t bytes) {
  std::string got;
  setup.until([&] {
    receive_some(fd, got);
    return got.size() >= bytes;
  });
  return got;
}

std::string pattern(size_t bytes) {
  std::string text(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 + i / 257);
  return text;
}

}  // namespace

TEST_CASE("bytes pass in both directions and the tunnel ends when both sides have") {
  Setup setup(tcp_pair(), tcp_pair());
  setup.start();
  REQUIRE(send_text(setup.client, "question"));
  REQUIRE(received(setup, setup.server, 8) == "question");
  REQUIRE(send_text(setup.server, "answer"));
  REQUIRE(received(setup, setup.client, 6) == "answer");
  setup.client.reset();
  setup.server.reset();
  REQUIRE(setup.until([&] { return setup.ended; }));
  REQUIRE_FALSE(setup.error.has_value());
  REQUIRE(setup.b->bytes_written() == 8);
  REQUIRE(setup.a->bytes_written() == 6);
  REQUIRE(setup.a->observer() == nullptr);
}

TEST_CASE("bytes that wait before the tunnel starts are passed on") {
  Setup setup(unix_pair(), unix_pair());
  REQUIRE(send_text(setup.client, "early"));
  setup.loop.run_once(true);
  setup.start();
  REQUIRE(received(setup, setup.server, 5) == "early");
}

TEST_CASE("half-close is passed on while the other direction goes on") {
  Setup setup(tcp_pair(), tcp_pair());
  setup.start();
  REQUIRE(send_text(setup.client, "all"));
  shutdown(setup.client.get(), SHUT_WR);
  std::string got;
  REQUIRE(setup.until([&] { return !receive_some(setup.server, got); }));
  REQUIRE(got == "all");
  REQUIRE_FALSE(setup.ended);
  REQUIRE(send_text(setup.server, "reply"));
  REQUIRE(received(setup, setup.client, 5) == "reply");
  setup.server.reset();
  REQUIRE(setup.until([&] { return setup.ended; }));
  REQUIRE(setup.a->bytes_written() == 5);
}

TEST_CASE("a slow side holds the fast one back and gets every byte") {
  Setup setup(tcp_pair(), tcp_pair());
  limit_buffers(setup.b->fd(), 4096);
  setup.start();
  std::string text = pattern(12'000'000);
  size_t sent = 0;
  // The fast side sends until nothing moves any more: the tunnel must not have taken everything.
  for (int quiet = 0; quiet < 20 && sent < text.size();) {
    ssize_t n = send(setup.client.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    quiet = n > 0 ? 0 : quiet + 1;
    if (n > 0) sent += static_cast<size_t>(n);
    setup.loop.run_once(false);
  }
  REQUIRE(setup.a->bytes_read() - setup.b->bytes_written() <= Stream::kScratchBytes);
  REQUIRE(sent < text.size());
  std::string got;
  REQUIRE(setup.until([&] {
    while (sent < text.size()) {
      ssize_t n = send(setup.client.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      sent += static_cast<size_t>(n);
    }
    size_t before;
    do {
      before = got.size();
      receive_some(setup.server, got);
    } while (got.size() > before);
    return got.size() == text.size();
  }));
  REQUIRE(got == text);
}

TEST_CASE("a reset of one side ends the tunnel and names the side") {
  for (bool first : {true, false}) {
    Setup setup(tcp_pair(), tcp_pair());
    setup.start();
    reset(first ? setup.client : setup.server);
    REQUIRE(setup.until([&] { return setup.ended; }));
    REQUIRE(setup.error->kind == ErrorKind::reset);
    REQUIRE(setup.error->text.substr(0, 3) == (first ? "a: " : "b: "));
  }
}

TEST_CASE("a reset together with the last bytes ends the tunnel without the idle timeout") {
  Setup setup(tcp_pair(), tcp_pair());
  setup.start();
  REQUIRE(send_text(setup.client, "last"));
  reset(setup.client);
  REQUIRE(received(setup, setup.server, 4) == "last");
  REQUIRE(setup.until([&] { return setup.ended; }));
  REQUIRE(setup.error->kind == ErrorKind::reset);
}

TEST_CASE("an idle tunnel times out, counted from the last byte of either direction") {
  Setup setup(unix_pair(), unix_pair());
  setup.start(Milliseconds(60));
  Tick last = 0;
  for (int i = 0; i < 3; ++i) {
    Tick at = setup.loop.now() + 40;
    setup.until([&] { return setup.loop.now() >= at || setup.ended; });
    if (setup.ended) break;  // a machine this slow cannot show the difference
    const Fd& from = i % 2 == 0 ? setup.client : setup.server;
    REQUIRE(send_text(from, "x"));
    setup.loop.run_once(true);
    last = setup.loop.now();
  }
  REQUIRE(setup.until([&] { return setup.ended; }));
  REQUIRE(setup.error->kind == ErrorKind::timeout);
  REQUIRE(setup.loop.now() - last >= 40);
}

TEST_CASE("a destroyed tunnel leaves the streams to others") {
  Setup setup(unix_pair(), unix_pair());
  setup.start();
  setup.tunnel.reset();
  REQUIRE(setup.a->observer() == nullptr);
  REQUIRE(send_text(setup.client, "x"));
  setup.loop.run_once(true);
  REQUIRE(setup.a->readable_hint());
}


TEST_CASE("the end of a tunnel may destroy both streams") {
  Setup setup(tcp_pair(), tcp_pair());
  setup.destroys_all = true;
  setup.start();
  setup.client.reset();
  setup.server.reset();
  REQUIRE(setup.until([&] { return setup.a == nullptr; }));
  REQUIRE_FALSE(setup.error.has_value());
}
