#include "net/splice.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <sluice/os/fd.h>

namespace sluice {

namespace {

constexpr int kPipeBytes = 256 * 1024;
constexpr size_t kMostPipes = 256;     // of one thread, in use and idle: a slow client holds its pipe
constexpr size_t kMostIdlePipes = 16;

struct Pipe {
  Fd out;  // read end
  Fd in;
  size_t bytes = 0;  // that it takes; 0: there is no pipe
};

// open_pipe gives none when there are no descriptors, or when the user's pages for pipes are used up and it would be tiny.
Pipe open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  Pipe pipe{Fd(ends[0]), Fd(ends[1]), 0};
  int bytes = ::fcntl(pipe.in.get(), F_SETPIPE_SZ, kPipeBytes);
  if (bytes < 0) bytes = ::fcntl(pipe.in.get(), F_GETPIPE_SZ);
  if (bytes < static_cast<int>(kSpliceFrom)) return {};
  pipe.bytes = static_cast<size_t>(bytes);
  return pipe;
}

struct PipePool {
  std::vector<Pipe> idle;
  size_t count = 0;
};
thread_local PipePool pipe_pool;

// A pipe for as long as one body lasts. It goes back when it is known to be empty.
class PipeLease {
 public:
  PipeLease() {
    PipePool& pool = pipe_pool;
    if (!pool.idle.empty()) {
      pipe_ = std::move(pool.idle.back());
      pool.idle.pop_back();
    } else if (pool.count < kMostPipes) {
      pipe_ = open_pipe();
      if (pipe_.bytes > 0) ++pool.count;
    }
  }
  ~PipeLease() {
    if (pipe_.bytes == 0) return;
    PipePool& pool = pipe_pool;
    if (empty && pool.idle.size() < kMostIdlePipes) pool.idle.push_back(std::move(pipe_));
    else --pool.count;
  }
  PipeLease(PipeLease&& other) noexcept : empty(other.empty), pipe_(std::exchange(other.pipe_, Pipe{})) {}
  PipeLease& operator=(PipeLease&&) = delete;

  explicit operator bool() const { return pipe_.bytes > 0; }
  Pipe* operator->() { return &pipe_; }
  bool empty = true;

 private:
  Pipe pipe_;
};

Tick deadline_after(Stream& stream, Milliseconds timeout) {
  return timeout.count() > 0 ? stream.loop().now() + static_cast<Tick>(timeout.count()) : 0;
}

// Counts what the target took, also when the task is cancelled.
class Progress {
 public:
  Progress(Stream& to, uint64_t* moved) : to_(to), before_(to.bytes_written()), moved_(moved) {}
  ~Progress() {
    if (moved_ != nullptr) *moved_ += bytes();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  uint64_t bytes() const { return to_.bytes_written() - before_; }
  Spliced ended(Spliced::End end, Error error = {}, std::string rest = {}) const { return {end, bytes(), std::move(error), std::move(rest)}; }

 private:
  Stream& to_;
  uint64_t before_;
  uint64_t* moved_;
};

Task<Spliced> copy_bytes(Stream& from, Stream& to, uint64_t at_most, SpliceOptions options) {
  Progress progress(to, options.moved);
  for (uint64_t left = at_most; left > 0;) {
    const auto want = static_cast<size_t>(std::min<uint64_t>(left, Stream::kScratchBytes));
    auto got = co_await from.read(Stream::scratch().first(want), deadline_after(from, options.read_timeout));
    if (!got) co_return progress.ended(Spliced::End::source_failed, std::move(got.error()));
    if (got->empty()) co_return progress.ended(Spliced::End::source_ended);
    left -= got->size();
    const iovec part{got->data(), got->size()};
    auto sent = co_await to.write(&part, 1, options.write_timeout);
    if (!sent) co_return progress.ended(Spliced::End::target_failed, std::move(sent.error()));
  }
  co_return progress.ended(Spliced::End::complete);
}

// empty_pipe gives what is in the pipe. REQUIRES: `bytes` are.
std::string empty_pipe(int out, size_t bytes) {
  std::string rest(bytes, '\0');
  size_t got = 0;
  while (got < bytes) {
    const ssize_t n = ::read(out, rest.data() + got, bytes - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  CHECK(got == bytes);
  return rest;
}

Task<Spliced> splice_through(PipeLease pipe, Stream& from, Stream& to, uint64_t at_most, SpliceOptions options) {
  Progress progress(to, options.moved);
  const bool hurries = options.slow_after.count() > 0 && (options.write_timeout.count() == 0 || options.slow_after < options.write_timeout);
  for (uint64_t left = at_most; left > 0;) {
    const auto want = static_cast<size_t>(std::min<uint64_t>(left, pipe->bytes));
    auto got = co_await from.read_into_pipe(pipe->in.get(), want, deadline_after(from, options.read_timeout));
    if (!got) co_return progress.ended(Spliced::End::source_failed, std::move(got.error()));
    if (*got == 0) co_return progress.ended(Spliced::End::source_ended);
    left -= *got;
    pipe.empty = false;
    const Tick began = to.loop().now();
    auto sent = co_await to.write_from_pipe(pipe->out.get(), *got, hurries ? options.slow_after : options.write_timeout);
    if (!sent && hurries && sent.error().kind == ErrorKind::timeout) {
      std::string rest = empty_pipe(pipe->out.get(), at_most - left - progress.bytes());
      pipe.empty = true;
      co_return progress.ended(Spliced::End::target_slow, {}, std::move(rest));
    }
    if (!sent) co_return progress.ended(Spliced::End::target_failed, std::move(sent.error()));
    pipe.empty = true;
    if (hurries && left > 0 && to.loop().now() - began > static_cast<Tick>(options.slow_after.count())) co_return progress.ended(Spliced::End::target_slow);
  }
  co_return progress.ended(Spliced::End::complete);
}

}  // namespace

Task<Spliced> splice_bytes(Stream& from, Stream& to, uint64_t at_most, SpliceOptions options) {
  if (!from.splices() || !to.splices()) return copy_bytes(from, to, at_most, options);
  PipeLease pipe;
  if (!pipe) return copy_bytes(from, to, at_most, options);
  return splice_through(std::move(pipe), from, to, at_most, options);
}

size_t idle_pipes() { return pipe_pool.idle.size(); }

}  // namespace sluice
