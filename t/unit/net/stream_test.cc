#include <sluice/net/stream.h>

#include <sys/socket.h>

#include <memory>
#include <string>

#include "sockets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

struct ReadLog {
  std::string bytes;
  std::optional<Error> error;
  bool eof = false;
  bool ended = false;
};

Task<void> read_all(Stream& stream, ReadLog& log, Tick deadline = 0) {
  for (;;) {
    auto got = co_await stream.read(deadline);
    if (!got) {
      log.error = got.error();
      break;
    }
    if (got->empty()) {
      log.eof = true;
      break;
    }
    log.bytes.append(got->data(), got->size());
  }
  log.ended = true;
}

struct WriteLog {
  std::optional<Error> error;
  bool ended = false;
};

Task<void> write_text(Stream& stream, std::string text, WriteLog& log, Milliseconds timeout) {
  size_t half = text.size() / 2;
  iovec parts[] = {{text.data(), half}, {text.data() + half, text.size() - half}};
  auto sent = co_await stream.write(parts, 2, timeout);
  if (!sent) log.error = sent.error();
  log.ended = true;
}

struct Watcher final : StreamObserver {
  std::string log;
  std::unique_ptr<Stream>* destroys = nullptr;
  void on_readable(Stream&) override { note('r'); }
  void on_closed(Stream&) override { note('c'); }
  void on_writable(Stream&) override { note('w'); }
  void note(char event) {
    log.push_back(event);
    if (destroys != nullptr) destroys->reset();
  }
};

std::string pattern(size_t bytes) {
  std::string text(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

}  // namespace

TEST_CASE("a read waits for bytes and ends with EOF") {
  for (bool tcp : {false, true}) {
    EventLoop loop;
    auto pair = tcp ? tcp_pair() : unix_pair();
    Stream stream(loop, pair.near.release());
    ReadLog log;
    Flow flow;
    flow.start(read_all(stream, log));
    REQUIRE(send_text(pair.far, "hello"));
    REQUIRE(turn_until(loop, [&] { return log.bytes == "hello"; }));
    REQUIRE_FALSE(log.ended);
    REQUIRE(send_text(pair.far, " again"));
    pair.far.reset();
    REQUIRE(turn_until(loop, [&] { return log.ended; }));
    REQUIRE(log.bytes == "hello again");
    REQUIRE(log.eof);
    REQUIRE(stream.peer_closed());
    REQUIRE(stream.bytes_read() == 11);
  }
}

TEST_CASE("bytes that arrived while nobody waited are read without suspending") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  REQUIRE(send_text(pair.far, "early"));
  loop.run_once(true);
  REQUIRE(stream.readable_hint());
  auto read = stream.read(0);
  REQUIRE(read.await_ready());
  auto got = read.await_resume();
  REQUIRE(std::string(got->data(), got->size()) == "early");
  REQUIRE_FALSE(stream.readable_hint());
}

TEST_CASE("an unwatched stream hears of nothing until it is watched") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release(), Stream::Unwatched{});
  Watcher watcher;
  stream.set_observer(&watcher);
  REQUIRE(send_text(pair.far, "early"));
  loop.run_once(false);
  REQUIRE(watcher.log.empty());
  stream.begin_watch();
  stream.begin_watch();
  REQUIRE(turn_until(loop, [&] { return watcher.log == "r"; }));
}

TEST_CASE("an unwatched stream is watched soon, when that was asked for") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release(), Stream::Unwatched{});
  Watcher watcher;
  stream.set_observer(&watcher);
  pair.far.reset();
  stream.watch_soon();
  REQUIRE(turn_until(loop, [&] { return watcher.log == "c"; }));
}

TEST_CASE("waiting in an unwatched stream watches it") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release(), Stream::Unwatched{});
  REQUIRE(send_text(pair.far, "early"));
  ReadLog log;
  Flow reader;
  reader.start(read_all(stream, log));
  REQUIRE(turn_until(loop, [&] { return log.bytes == "early"; }));
}

TEST_CASE("a short write watches an unwatched stream") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release(), Stream::Unwatched{});
  Watcher watcher;
  stream.set_observer(&watcher);
  const std::string text = pattern(4 << 20);
  auto sent = stream.try_write(text.data(), text.size());
  REQUIRE(sent);
  REQUIRE(*sent < text.size());
  std::string sink(text.size(), ' ');
  REQUIRE(turn_until(loop, [&] {
    while (::recv(pair.far.get(), sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
    }
    return !watcher.log.empty();
  }));
  REQUIRE(watcher.log == "w");
}

TEST_CASE("assume_readable reads before the first event") {
  EventLoop loop;
  auto pair = unix_pair();
  REQUIRE(send_text(pair.far, "first"));
  Stream stream(loop, pair.near.release());
  stream.assume_readable();
  REQUIRE(stream.read(0).await_ready());
}

TEST_CASE("try_read tells nothing, bytes and EOF apart") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  char buffer[4];
  REQUIRE_FALSE(stream.try_read(buffer).has_value());
  REQUIRE(send_text(pair.far, "12345"));
  REQUIRE(stream.try_read(buffer)->value().size() == 4);
  REQUIRE(stream.try_read(buffer)->value().size() == 1);
  pair.far.reset();
  auto end = stream.try_read(buffer);
  REQUIRE(end.has_value());
  REQUIRE(end->value().empty());
}

TEST_CASE("a read deadline gives timeout, and the stream can be read on") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log, loop.now() + 30));
  REQUIRE(turn_until(loop, [&] { return log.ended; }));
  REQUIRE(log.error->kind == ErrorKind::timeout);
  REQUIRE(log.error->text == "recv() timed out (110: Connection timed out)");
  ReadLog next;
  flow.start(read_all(stream, next));
  REQUIRE(send_text(pair.far, "late"));
  REQUIRE(turn_until(loop, [&] { return next.bytes == "late"; }));
}

TEST_CASE("a reset by the peer is an error of the reader") {
  EventLoop loop;
  auto pair = tcp_pair();
  Stream stream(loop, pair.near.release());
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log));
  reset(pair.far);
  REQUIRE(turn_until(loop, [&] { return log.ended; }));
  REQUIRE(log.error->kind == ErrorKind::reset);
  REQUIRE(log.error->text == "recv() failed (104: Connection reset by peer)");
  REQUIRE(log.error->os_errno == ECONNRESET);
}

TEST_CASE("a reset that comes together with the last bytes is found without a deadline") {
  EventLoop loop;
  auto pair = tcp_pair();
  Stream stream(loop, pair.near.release());
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log));
  REQUIRE(send_text(pair.far, "last"));
  reset(pair.far);
  REQUIRE(turn_until(loop, [&] { return log.ended; }));
  REQUIRE(log.bytes == "last");
  REQUIRE(log.error->kind == ErrorKind::reset);
}

TEST_CASE("a fast sender does not keep the loop from turning") {
  EventLoop loop;
  auto pair = tcp_pair();
  Stream stream(loop, pair.near.release());
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log));
  std::string block = pattern(32 * 1024);
  size_t queued = 0;
  while (queued < 4 * Stream::kBurstBytes && send_text(pair.far, block)) queued += block.size();
  REQUIRE(queued > 2 * Stream::kBurstBytes);
  loop.run_once(true);
  // One burst in the event, one when the turn looks at its timers.
  REQUIRE(log.bytes.size() <= 2 * Stream::kBurstBytes);
  REQUIRE(turn_until(loop, [&] { return log.bytes.size() >= queued; }));
}

TEST_CASE("cancelling a waiting read leaves the stream usable") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  ReadLog dropped, kept;
  {
    Flow flow;
    flow.start(read_all(stream, dropped, loop.now() + 10'000));
  }
  REQUIRE(send_text(pair.far, "x"));
  loop.run_once(true);
  REQUIRE(dropped.bytes.empty());
  Flow flow;
  flow.start(read_all(stream, kept));
  REQUIRE(kept.bytes == "x");
}

TEST_CASE("a write that fits does not suspend") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  char text[] = "short";
  iovec part{text, 5};
  REQUIRE(stream.write(&part, 1, Milliseconds(0)).await_ready());
  std::string got;
  receive_some(pair.far, got);
  REQUIRE(got == "short");
  REQUIRE(stream.bytes_written() == 5);
}

TEST_CASE("a write larger than the buffers waits for the reader and arrives whole") {
  for (bool tcp : {false, true}) {
    EventLoop loop;
    auto pair = tcp ? tcp_pair() : unix_pair();
    limit_buffers(pair.near.get(), 4096);
    Stream stream(loop, pair.near.release());
    std::string text = pattern(1'000'001), got;
    WriteLog log;
    Flow flow;
    flow.start(write_text(stream, text, log, Milliseconds(0)));
    REQUIRE_FALSE(log.ended);
    REQUIRE(turn_until(loop, [&] {
      receive_some(pair.far, got);
      return got.size() == text.size();
    }));
    REQUIRE(log.ended);
    REQUIRE_FALSE(log.error.has_value());
    REQUIRE(got == text);
    REQUIRE(stream.bytes_written() == text.size());
  }
}

TEST_CASE("a reader that stops gives the writer a timeout") {
  EventLoop loop;
  auto pair = unix_pair();
  limit_buffers(pair.near.get(), 4096);
  Stream stream(loop, pair.near.release());
  WriteLog log;
  Flow flow;
  flow.start(write_text(stream, pattern(1'000'000), log, Milliseconds(30)));
  REQUIRE(turn_until(loop, [&] { return log.ended; }));
  REQUIRE(log.error->kind == ErrorKind::timeout);
  REQUIRE(log.error->text == "send() timed out (110: Connection timed out)");
}

TEST_CASE("a write to a closed peer is a reset, not a signal") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  pair.far.reset();
  WriteLog log;
  Flow flow;
  flow.start(write_text(stream, "anyone?", log, Milliseconds(0)));
  REQUIRE(log.error->kind == ErrorKind::reset);
  REQUIRE(log.error->os_errno == EPIPE);
}

TEST_CASE("a file that can't be sent is the file's error, a peer that is gone is not") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  Fd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto sent = stream.try_send_file(folder.get(), 0, 1);
  REQUIRE_FALSE(sent);
  REQUIRE(sent.error().kind == ErrorKind::io);

  Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  REQUIRE(stream.try_send_file(file.get(), 0, 16).value() == 16);
  pair.far.reset();
  sent = stream.try_send_file(file.get(), 0, 16);
  REQUIRE_FALSE(sent);
  REQUIRE(sent.error().kind == ErrorKind::reset);
}

TEST_CASE("a peer that goes away while a write waits ends the write") {
  EventLoop loop;
  auto pair = tcp_pair();
  limit_buffers(pair.near.get(), 4096);
  Stream stream(loop, pair.near.release());
  WriteLog log;
  Flow flow;
  flow.start(write_text(stream, pattern(10'000'000), log, Milliseconds(0)));
  REQUIRE_FALSE(log.ended);
  reset(pair.far);
  REQUIRE(turn_until(loop, [&] { return log.ended; }));
  REQUIRE(log.error->kind == ErrorKind::reset);
}

TEST_CASE("reader and writer wait at the same time") {
  EventLoop loop;
  auto pair = unix_pair();
  limit_buffers(pair.near.get(), 4096);
  Stream stream(loop, pair.near.release());
  std::string text = pattern(500'000), got;
  WriteLog written;
  ReadLog read;
  Flow writer, reader;
  writer.start(write_text(stream, text, written, Milliseconds(0)));
  reader.start(read_all(stream, read));
  REQUIRE(send_text(pair.far, "ping"));
  REQUIRE(turn_until(loop, [&] {
    receive_some(pair.far, got);
    return written.ended && got.size() == text.size();
  }));
  REQUIRE(read.bytes == "ping");
  REQUIRE(got == text);
}

namespace {
struct Connection {
  std::unique_ptr<Stream> stream;
  Flow reader, writer;
  WriteLog written;
  ReadLog read;
};
Task<void> read_once(Stream& stream) { (void)co_await stream.read(0); }
}  // namespace

TEST_CASE("a resumed reader may cancel the writer and destroy the stream") {
  EventLoop loop;
  auto pair = tcp_pair();
  limit_buffers(pair.near.get(), 4096);
  auto connection = std::make_unique<Connection>();
  connection->stream = std::make_unique<Stream>(loop, pair.near.release());
  connection->writer.start(write_text(*connection->stream, pattern(5'000'000), connection->written, Milliseconds(0)));
  connection->reader.start(
      read_once(*connection->stream),
      [](void* context) {
        auto& self = *static_cast<Connection*>(context);
        self.writer.cancel();
        self.stream.reset();
      },
      connection.get());
  loop.run_once(false);
  reset(pair.far);  // readable and writable in one event
  REQUIRE(turn_until(loop, [&] { return connection->stream == nullptr; }));
  REQUIRE_FALSE(connection->written.ended);
}

TEST_CASE("the observer hears of bytes and of the end while nobody waits") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  Watcher watcher;
  stream.set_observer(&watcher);
  loop.run_once(false);
  REQUIRE(watcher.log.empty());
  REQUIRE(send_text(pair.far, "x"));
  loop.run_once(true);
  REQUIRE(watcher.log == "r");
  pair.far.reset();
  loop.run_once(true);
  REQUIRE(watcher.log == "rc");
  REQUIRE(stream.peer_closed());
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log));
  REQUIRE(log.bytes == "x");
  REQUIRE(log.eof);
}

TEST_CASE("the observer is not told while a reader waits") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  Watcher watcher;
  stream.set_observer(&watcher);
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log));
  REQUIRE(send_text(pair.far, "x"));
  pair.far.reset();
  REQUIRE(turn_until(loop, [&] { return log.ended; }));
  REQUIRE(watcher.log.empty());
}

TEST_CASE("the observer may destroy the stream") {
  EventLoop loop;
  auto pair = tcp_pair();
  auto stream = std::make_unique<Stream>(loop, pair.near.release());
  Watcher watcher;
  watcher.destroys = &stream;
  stream->set_observer(&watcher);
  pair.far.reset();
  REQUIRE(turn_until(loop, [&] { return stream == nullptr; }));
  REQUIRE(watcher.log == "c");
}

TEST_CASE("try_write takes what fits and the observer hears when there is room again") {
  EventLoop loop;
  auto pair = unix_pair();
  limit_buffers(pair.near.get(), 4096);
  Stream stream(loop, pair.near.release());
  Watcher watcher;
  stream.set_observer(&watcher);
  std::string text = pattern(200'000), got;
  size_t sent = stream.try_write(text.data(), text.size()).value();
  REQUIRE(sent > 0);
  REQUIRE(sent < text.size());
  loop.run_once(false);
  watcher.log.clear();
  REQUIRE(turn_until(loop, [&] {
    receive_some(pair.far, got);
    return watcher.log == "w";
  }));
}

TEST_CASE("shutdown_write sends EOF and reading goes on") {
  EventLoop loop;
  auto pair = unix_pair();
  Stream stream(loop, pair.near.release());
  stream.shutdown_write();
  char byte;
  REQUIRE(recv(pair.far.get(), &byte, 1, 0) == 0);
  REQUIRE(send_text(pair.far, "still"));
  ReadLog log;
  Flow flow;
  flow.start(read_all(stream, log));
  REQUIRE(turn_until(loop, [&] { return log.bytes == "still"; }));
}

TEST_CASE("reset_on_close gives the peer a reset") {
  EventLoop loop;
  auto pair = tcp_pair();
  {
    Stream stream(loop, pair.near.release());
    stream.reset_on_close();
  }
  char byte;
  REQUIRE(recv(pair.far.get(), &byte, 1, 0) == -1);
  REQUIRE(errno == ECONNRESET);
}

TEST_CASE("a stream knows its local address") {
  EventLoop loop;
  auto pair = tcp_pair();
  Address expected = bound_address(pair.near.get());
  Stream stream(loop, pair.near.release());
  REQUIRE(*stream.local_address() == expected);
}
