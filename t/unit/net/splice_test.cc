#include "net/splice.h"

#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sockets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

Task<void> splice_into(Stream& from, Stream& to, uint64_t at_most, SpliceOptions options, std::optional<Spliced>& out) {
  out = co_await splice_bytes(from, to, at_most, options);
}

// source -> from | splice | to -> target
struct Setup {
  EventLoop loop;
  Fd source, target;
  std::unique_ptr<Stream> from, to;
  std::optional<Spliced> end;
  uint64_t moved = 0;
  Flow flow;

  explicit Setup(bool tcp = true) {
    signal(SIGPIPE, SIG_IGN);
    SocketPair in = tcp ? tcp_pair() : unix_pair();
    SocketPair out = tcp ? tcp_pair() : unix_pair();
    source = std::move(in.far);
    target = std::move(out.far);
    from = std::make_unique<Stream>(loop, in.near.release());
    to = std::make_unique<Stream>(loop, out.near.release());
  }
  void start(uint64_t at_most, Milliseconds read_timeout = {}, Milliseconds write_timeout = {}) {
    flow.start(splice_into(*from, *to, at_most, {read_timeout, write_timeout, {}, &moved}, end));
  }
  bool until(const std::function<bool()>& done) { return turn_until(loop, done); }

  // pass sends the text at one end until all of it has arrived at the other.
  std::string pass(const std::string& text) {
    std::string got;
    size_t sent = 0;
    until([&] {
      ssize_t n = ::send(source.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) sent += static_cast<size_t>(n);
      size_t before;
      do {
        before = got.size();
        receive_some(target, got);
      } while (got.size() > before);
      return got.size() >= text.size();
    });
    return got;
  }
};

std::string pattern(size_t bytes) {
  std::string text(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 + i / 257);
  return text;
}

// Fills a connection until neither side takes more.
void stuff(Setup& setup, const std::string& text) {
  for (int quiet = 0; quiet < 20;) {
    ssize_t n = ::send(setup.source.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    quiet = n > 0 ? 0 : quiet + 1;
    setup.loop.run_once(false);
  }
}

// No descriptor can be made while this lives.
struct NoDescriptors {
  rlimit before{};
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit none{0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before); }
};

}  // namespace

TEST_CASE("a spliced body arrives whole and what follows it stays in the socket") {
  for (bool tcp : {true, false}) {
    Setup setup(tcp);
    const std::string text = pattern(3'000'000);
    setup.start(text.size());
    REQUIRE(setup.pass(text) == text);
    REQUIRE(setup.until([&] { return setup.end.has_value(); }));
    REQUIRE(setup.end->end == Spliced::End::complete);
    REQUIRE(setup.end->bytes == text.size());
    REQUIRE(setup.moved == text.size());
    REQUIRE(setup.from->bytes_read() == text.size());
    REQUIRE(setup.to->bytes_written() == text.size());
    REQUIRE(send_text(setup.source, "next"));
    setup.loop.run_once(true);
    auto rest = setup.from->try_read(Stream::scratch());
    REQUIRE(rest.has_value());
    REQUIRE(std::string((*rest)->data(), (*rest)->size()) == "next");
  }
}

TEST_CASE("splicing stops at the number of bytes asked for") {
  Setup setup;
  REQUIRE(send_text(setup.source, "body|surplus"));
  setup.start(5);
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->bytes == 5);
  std::string got;
  REQUIRE(setup.until([&] {
    receive_some(setup.target, got);
    return got.size() >= 5;
  }));
  REQUIRE(got == "body|");
  auto rest = setup.from->try_read(Stream::scratch());
  REQUIRE(std::string((*rest)->data(), (*rest)->size()) == "surplus");
}

TEST_CASE("the end of the source ends splicing with what came before") {
  Setup setup;
  setup.start(UINT64_MAX);
  REQUIRE(setup.pass(pattern(200'000)).size() == 200'000);
  setup.source.reset();
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->end == Spliced::End::source_ended);
  REQUIRE(setup.end->bytes == 200'000);
}

TEST_CASE("a slow target holds the source back, and nothing is lost") {
  Setup setup;
  limit_buffers(setup.to->fd(), 4096);
  const std::string text = pattern(8'000'000);
  setup.start(text.size());
  std::string got;
  size_t sent = 0;
  for (int quiet = 0; quiet < 20 && sent < text.size();) {
    ssize_t n = ::send(setup.source.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    quiet = n > 0 ? 0 : quiet + 1;
    if (n > 0) sent += static_cast<size_t>(n);
    setup.loop.run_once(false);
  }
  REQUIRE(setup.from->bytes_read() - setup.to->bytes_written() <= 256 * 1024);
  REQUIRE(setup.until([&] {
    ssize_t n = ::send(setup.source.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += static_cast<size_t>(n);
    size_t before;
    do {
      before = got.size();
      receive_some(setup.target, got);
    } while (got.size() > before);
    return got.size() == text.size();
  }));
  REQUIRE(got == text);
}

TEST_CASE("a silent source times out and splicing can be taken up again") {
  Setup setup;
  setup.start(100, Milliseconds(20));
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->end == Spliced::End::source_failed);
  REQUIRE(setup.end->error.kind == ErrorKind::timeout);
  setup.end.reset();
  setup.start(4, Milliseconds(5000));
  REQUIRE(setup.pass("late") == "late");
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->end == Spliced::End::complete);
}

TEST_CASE("a target that takes nothing times out, and its pipe is not used again") {
  Setup setup;
  const size_t pipes = idle_pipes();
  limit_buffers(setup.to->fd(), 4096);
  setup.start(UINT64_MAX, {}, Milliseconds(200));
  stuff(setup, pattern(1'000'000));
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->end == Spliced::End::target_failed);
  REQUIRE(setup.end->error.kind == ErrorKind::timeout);
  REQUIRE(idle_pipes() <= pipes);
}

TEST_CASE("a target that has gone is an error, and no signal") {
  Setup setup;
  reset(setup.target);
  setup.start(UINT64_MAX);
  const std::string text = pattern(100'000);
  REQUIRE(setup.until([&] {
    (void)::send(setup.source.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return setup.end.has_value();
  }));
  REQUIRE(setup.end->end == Spliced::End::target_failed);
  REQUIRE(setup.end->error.kind == ErrorKind::reset);
}

TEST_CASE("a reset source is an error with what came before") {
  Setup setup;
  setup.start(UINT64_MAX);
  REQUIRE(setup.pass("first") == "first");
  reset(setup.source);
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->end == Spliced::End::source_failed);
  REQUIRE(setup.end->bytes == 5);
}

TEST_CASE("cancelled splicing has counted what the target took") {
  Setup setup;
  setup.start(UINT64_MAX);
  REQUIRE(setup.pass(pattern(70'000)).size() == 70'000);
  setup.flow.cancel();
  REQUIRE(setup.moved == 70'000);
  REQUIRE_FALSE(setup.end.has_value());
}

TEST_CASE("an empty pipe serves the next body") {
  Setup first;
  first.start(4);
  REQUIRE(first.pass("body") == "body");
  REQUIRE(first.until([&] { return first.end.has_value(); }));
  const size_t pipes = idle_pipes();
  REQUIRE(pipes > 0);
  Setup second;
  second.start(4);
  REQUIRE(idle_pipes() == pipes - 1);
  REQUIRE(second.pass("body") == "body");
  REQUIRE(second.until([&] { return second.end.has_value(); }));
  REQUIRE(idle_pipes() == pipes);
}

TEST_CASE("without descriptors for pipes the bytes are copied") {
  // Each of these holds a pipe, so that none is idle.
  std::vector<std::unique_ptr<Setup>> holders;
  while (holders.empty() || idle_pipes() > 0) {
    holders.push_back(std::make_unique<Setup>());
    holders.back()->start(UINT64_MAX);
  }
  Setup setup;
  const std::string text = pattern(500'000);
  {
    NoDescriptors limit;
    setup.start(text.size());
  }
  REQUIRE(setup.pass(text) == text);
  REQUIRE(setup.until([&] { return setup.end.has_value(); }));
  REQUIRE(setup.end->bytes == text.size());
  REQUIRE(setup.moved == text.size());
  for (auto& holder : holders) holder->flow.cancel();
}
