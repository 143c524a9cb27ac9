#include <sluice/net/stream.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/socket_calls.h"

namespace sluice {

namespace {

// What is copied together rather than sent in parts.
constexpr size_t kJoinedBytes = 4096;

// Our own deadline passed; a positive number is the kernel's errno (its ETIMEDOUT is a broken connection).
constexpr int kDeadlinePassed = -1;

alignas(64) thread_local char scratch_bytes[Stream::kScratchBytes];

Error stream_error(std::string_view call, int error) {
  if (error != kDeadlinePassed) return os_error(call, error, ErrorKind::reset);
  Error timeout(ErrorKind::timeout, std::string(call), ErrorSource::internal, ETIMEDOUT);
  timeout.text += " timed out (110: Connection timed out)";
  return timeout;
}

// A connection that ended, not a call or a file that is at fault.
bool peer_is_gone(int error) { return error == EPIPE || error == ECONNRESET || error == ETIMEDOUT || error == ENOTCONN; }

size_t total_bytes(const iovec* parts, int count) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  return total;
}

bool would_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// copy_parts copies what follows the first `skip` bytes of the parts, one behind another.
void copy_parts(const iovec* parts, int count, size_t skip, char* out) {
  for (int i = 0; i < count; ++i) {
    size_t skipped = std::min(skip, parts[i].iov_len);
    skip -= skipped;
    std::memcpy(out, static_cast<const char*>(parts[i].iov_base) + skipped, parts[i].iov_len - skipped);
    out += parts[i].iov_len - skipped;
  }
}

// earlier compares deadlines of which 0 means never.
Tick earlier(Tick a, Tick b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

}  // namespace

std::span<char> Stream::scratch() { return scratch_bytes; }

Stream::Stream(EventLoop& loop, int fd) : loop_(&loop) { watch(loop, fd); }

Stream::~Stream() {
  close();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

void Stream::close() {
  CHECK(reader_ == nullptr && writer_ == nullptr);
  Timer::cancel();
  close_fd();
}

bool Stream::is_broken() const {
  char byte;
  return ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && !would_wait(errno) && errno != EINTR;
}

bool Stream::has_unread() const {
  int bytes = 0;
  return readable_ || (::ioctl(fd(), FIONREAD, &bytes) == 0 && bytes > 0);
}

void Stream::interrupt() {
  if (fd() >= 0) ::shutdown(fd(), SHUT_RDWR);
}

void Stream::shutdown_write() { ::shutdown(fd(), SHUT_WR); }

void Stream::reset_on_close() {
  linger at_once{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Result<Address> Stream::local_address() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd(), address, &length) != 0) return os_error("getsockname()", errno);
  return Address::from(address, length);
}

// Reading.

bool Stream::ReadAwaiter::await_ready() {
  return stream_.readable_ && stream_.burst_ < kBurstBytes && stream_.attempt_read(*this);
}

void Stream::ReadAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  CHECK(stream_.reader_ == nullptr);
  stream_.begin_watch();
  waiter_ = waiter;
  stream_.reader_ = this;
  stream_.burst_ = 0;
  stream_.arm_timer();
}

Result<std::span<char>> Stream::ReadAwaiter::await_resume() {
  if (error_ != 0) [[unlikely]] return stream_error("recv()", error_);
  return into_.first(static_cast<size_t>(got_));
}

Stream::ReadAwaiter::~ReadAwaiter() {
  if (waiter_) stream_.reader_ = nullptr;
}

Result<size_t> Stream::PipeReadAwaiter::await_resume() {
  if (error_ != 0) [[unlikely]] return stream_error("splice()", error_);
  return static_cast<size_t>(got_);
}

bool Stream::attempt_read(ReadAwaiter& reader) {
  const bool into_pipe = reader.pipe_ >= 0;
  ssize_t n = into_pipe ? splice_bytes_between(fd(), reader.pipe_, reader.into_.size()) : transport_read(reader.into_.data(), reader.into_.size());
  if (n > 0) [[likely]] {
    reader.got_ = n;
    bytes_read_ += static_cast<size_t>(n);
    burst_ += static_cast<uint32_t>(n);
    // A pipe may be full before it holds what was asked for: only the next attempt can tell.
    readable_ = static_cast<size_t>(n) == reader.into_.size() || peer_closed_ || into_pipe;
    return true;
  }
  if (n == 0) {
    peer_closed_ = true;
    return true;
  }
  if (would_wait(errno)) {
    readable_ = false;
    return false;
  }
  reader.error_ = errno;
  return true;
}

std::optional<Result<std::span<char>>> Stream::try_read(std::span<char> into) {
  ReadAwaiter attempt(*this, into, 0);
  if (!attempt_read(attempt)) return {};
  return attempt.await_resume();
}

// Writing.

bool Stream::WriteAwaiter::await_ready() { return stream_.attempt_first_write(*this); }

void Stream::WriteAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  CHECK(stream_.writer_ == nullptr);
  stream_.begin_watch();
  waiter_ = waiter;
  stream_.writer_ = this;
  if (timeout_.count() > 0) deadline_ = stream_.loop_->now() + static_cast<Tick>(timeout_.count());
  stream_.arm_timer();
}

Result<void> Stream::WriteAwaiter::await_resume() {
  if (error_ != 0) [[unlikely]] return stream_error(pipe_ >= 0 ? "splice()" : count_ == 0 ? "connect()" : "send()", error_);
  return {};
}

Stream::WriteAwaiter::~WriteAwaiter() {
  if (waiter_) stream_.writer_ = nullptr;
}

bool Stream::attempt_first_write(WriteAwaiter& writer) {
  if (writer.pipe_ >= 0) return attempt_pipe_write(writer);
  if (writer.count_ == 0) return writable_;
  CHECK(writer_ == nullptr);
  size_t total = total_bytes(writer.parts_, writer.count_);
  ssize_t n = total == 0 ? 0 : transport_write(writer.parts_, writer.count_);
  if (n < 0) {
    if (!would_wait(errno)) {
      writer.error_ = errno;
      return true;
    }
    n = 0;
  }
  size_t sent = static_cast<size_t>(n);
  bytes_written_ += sent;
  if (sent == total) [[likely]] return true;
  writable_ = false;
  writer.left_ = writer.rest_end_ = total - sent;
  writer.rest_ = std::make_unique_for_overwrite<char[]>(writer.left_);
  copy_parts(writer.parts_, writer.count_, sent, writer.rest_.get());
  return false;
}

bool Stream::attempt_pending_write(WriteAwaiter& writer) {
  if (writer.pipe_ >= 0) return attempt_pipe_write(writer);
  if (writer.left_ == 0) return true;
  iovec rest{writer.rest_.get() + (writer.rest_end_ - writer.left_), writer.left_};
  return wrote(writer, transport_write(&rest, 1));
}

bool Stream::attempt_pipe_write(WriteAwaiter& writer) {
  ssize_t n;
  do {
    n = splice_bytes_between(writer.pipe_, fd(), writer.left_);
  } while (n > 0 && !wrote(writer, n));
  return n > 0 || wrote(writer, n);
}

// wrote takes the outcome of one attempt: true when the writer has nothing left to wait for.
bool Stream::wrote(WriteAwaiter& writer, ssize_t n) {
  if (n < 0) {
    writable_ = false;
    if (would_wait(errno)) return false;
    writer.error_ = errno;
    return true;
  }
  size_t sent = static_cast<size_t>(n);
  bytes_written_ += sent;
  writer.left_ -= sent;
  writable_ = writer.left_ == 0;
  if (writable_) return true;
  if (sent > 0 && writer.deadline_ != 0) writer.deadline_ = loop_->now() + static_cast<Tick>(writer.timeout_.count());
  return false;
}

Result<size_t> Stream::try_write(const iovec* parts, int count) {
  CHECK(writer_ == nullptr);
  ssize_t n = transport_write(parts, count);
  if (n < 0) {
    if (!would_wait(errno)) return stream_error("send()", errno);
    n = 0;
  }
  size_t sent = static_cast<size_t>(n);
  bytes_written_ += sent;
  writable_ = sent == total_bytes(parts, count);
  if (!writable_) begin_watch();
  return sent;
}

Result<size_t> Stream::try_send_file(int file, uint64_t offset, size_t bytes) {
  CHECK(writer_ == nullptr);
  off_t at = static_cast<off_t>(offset);
  const ssize_t n = send_file_bytes(fd(), file, &at, bytes);
  if (n == 0) return Error(ErrorKind::io, "sendfile() found the end of the file");
  if (n < 0) {
    if (!would_wait(errno)) return os_error("sendfile()", errno, peer_is_gone(errno) ? ErrorKind::reset : ErrorKind::io);
    writable_ = false;
    begin_watch();
    return size_t{0};
  }
  bytes_written_ += static_cast<size_t>(n);
  return static_cast<size_t>(n);
}

// Events. A resumed task may destroy the stream: nothing of it is touched after that.

void Stream::on_events(unsigned events) {
  if (events & (kReadable | kClosed)) readable_ = true;
  if (events & kClosed) peer_closed_ = true;
  bool was_blocked = !writable_;
  if (events & kWritable) writable_ = true;
  if (reader_ == nullptr && writer_ == nullptr) return tell_observer(events, was_blocked);

  bool destroyed = false;
  destroyed_ = &destroyed;
  if (reader_ != nullptr && readable_ && attempt_read(*reader_)) {
    resume_reader();
    if (destroyed) return;
  }
  if (writer_ != nullptr && (events & kWritable) && attempt_pending_write(*writer_)) {
    resume_writer();
    if (destroyed) return;
  }
  destroyed_ = nullptr;
}

void Stream::tell_observer(unsigned events, bool was_blocked) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (observer_ != nullptr && was_blocked && (events & kWritable)) {
    observer_->on_writable(*this);
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  if (observer_ == nullptr) return;
  if (events & kClosed) return observer_->on_closed(*this);
  if (events & kReadable) observer_->on_readable(*this);
}

// on_timer serves whatever has waited: a socket that is not registered yet, a reader that gave the loop a turn, one that asks the
// socket once, deadlines.
void Stream::on_timer() {
  begin_watch();
  if (std::exchange(expires_, false)) {
    if (observer_ != nullptr) observer_->on_deadline(*this);
    return;
  }
  Tick now = loop_->now();
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (reader_ != nullptr) {
    bool served = (readable_ || !reader_->probed_) && attempt_read(*reader_);
    reader_->probed_ = true;
    if (!served && reader_->deadline_ != 0 && reader_->deadline_ <= now) {
      reader_->error_ = kDeadlinePassed;
      served = true;
    }
    if (served) {
      resume_reader();
      if (destroyed) return;
    }
  }
  if (writer_ != nullptr && writer_->deadline_ != 0 && writer_->deadline_ <= now) {
    writer_->error_ = kDeadlinePassed;
    resume_writer();
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  if (!expires_) arm_timer();
}

void Stream::resume_reader() {
  std::exchange(std::exchange(reader_, nullptr)->waiter_, {}).resume();
}

void Stream::resume_writer() {
  std::exchange(std::exchange(writer_, nullptr)->waiter_, {}).resume();
}

// arm_timer is called for every wait and leaves the timer running when it is over: in a busy stream it is one store.
void Stream::arm_timer() {
  expires_ = false;
  Tick at = earlier(reader_ != nullptr ? reader_->deadline_ : 0, writer_ != nullptr ? writer_->deadline_ : 0);
  if (reader_ != nullptr && readable_) {
    at = loop_->now();
  } else if (reader_ != nullptr && !reader_->probed_) {
    at = earlier(at, loop_->now() + kProbeAfter);
  }
  if (at != 0) Timer::arm(at);
}

ssize_t Stream::transport_read(char* into, size_t bytes) { return receive_bytes(fd(), into, bytes); }

// A send of one piece is so much cheaper than a sendmsg of two that copying small pieces together pays.
ssize_t Stream::transport_write(const iovec* parts, int count) {
  if (count == 1) return send_bytes(fd(), parts->iov_base, parts->iov_len);
  size_t total = total_bytes(parts, count);
  if (total > kJoinedBytes) return send_parts(fd(), parts, count);
  char joined[kJoinedBytes];
  copy_parts(parts, count, 0, joined);
  return send_bytes(fd(), joined, total);
}

}  // namespace sluice
