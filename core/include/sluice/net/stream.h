// Stream: an ordered stream of bytes to one peer: a TCP or Unix connection; TLS later overrides the two transport functions.
//
// Reads go into the thread's shared scratch (64 KB): the span is valid until the next co_await of the reader. Writes try the
// socket at once; what the kernel does not take is copied and the writer waits: not reading on is the back-pressure.
// One reader and one writer may wait at a time. The descriptor is registered once, edge-triggered; no epoll_ctl later.
// Destroying a stream closes it; REQUIRES: no task waits in it then. A task that was resumed by a stream may destroy the stream.
//
//     event ──> readable_ ──> read: recv at once; a short count means drained, so readable_ falls without a call for EAGAIN
//                             (unless the peer has shut its side: then EOF is still to be read)
//     write ──> sent at once, or the rest is copied and the writer waits for the next writable event
//
// libevent reports a broken connection like an ordinary readable one, so a reset that came together with the last bytes leaves no
// trace in the event. A reader that has waited for kProbeAfter therefore asks the socket once.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/event/event_loop.h>
#include <sluice/os/address.h>

namespace sluice {

class Stream;

// Told what happens on a stream while nobody waits in it (neither a reader nor a writer). Each call may destroy the stream.
class StreamObserver {
 public:
  virtual void on_readable(Stream& stream) = 0;  // bytes arrived (or EOF, or an error: read to learn which)
  virtual void on_closed(Stream& stream) = 0;    // the peer shut its side (bytes may be left to read) or the connection broke
  virtual void on_writable(Stream&) {}           // after a try_write that came short: the socket takes bytes again
  virtual void on_deadline(Stream&) {}           // the moment of expire_at has come

 protected:
  ~StreamObserver() = default;
};

class SLUICE_API Stream : private IoWatcher, private Timer {
 public:
  static constexpr size_t kScratchBytes = 64 * 1024;
  // One flow may read this much without giving the loop a turn.
  static constexpr uint32_t kBurstBytes = 256 * 1024;
  static constexpr Tick kProbeAfter = 500;
  static constexpr Tick kWatchAfter = 10;
  // scratch is this thread's read buffer.
  static std::span<char> scratch();

  // Takes the connected (or connecting) non-blocking socket over.
  Stream(EventLoop& loop, int fd);
  // The same, and the loop hears of the socket only when something waits in the stream, a write came short, or the owner says so: a
  // connection that ends before costs no registration. Until then the observer is told nothing.
  struct Unwatched {};
  Stream(EventLoop& loop, int fd, Unwatched) : loop_(&loop) { hold(fd); }
  ~Stream() override;

  // begin_watch registers the socket unless that has been done; what is there already is reported in the next turn.
  void begin_watch() {
    if (!watched()) [[unlikely]] watch_held(*loop_);
  }
  // watch_soon does it in kWatchAfter, unless the stream is gone by then. REQUIRES: nothing waits in it.
  void watch_soon() {
    if (!watched()) Timer::arm(loop_->now() + kWatchAfter);
  }

  using IoWatcher::fd;

  // assume_readable makes the next read try the socket before waiting: for a descriptor that has probably bytes already (a
  // connection taken over, TCP_DEFER_ACCEPT). A wrong guess costs one recv.
  void assume_readable() { readable_ = true; }

  // read waits until bytes are there and puts them into `into` (default: the scratch). Result: the filled part; empty at EOF.
  // Errors: timeout, reset, cancelled never (destruction cancels). `deadline` 0 waits for ever. Bytes that are there are read even
  // when the deadline has passed. REQUIRES: `into` is not empty.
  class ReadAwaiter {
   public:
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Result<std::span<char>> await_resume();
    ~ReadAwaiter();

   protected:
    friend class Stream;
    ReadAwaiter(Stream& stream, std::span<char> into, Tick deadline) : stream_(stream), into_(into), deadline_(deadline) {}
    Stream& stream_;
    std::span<char> into_;
    Tick deadline_;
    std::coroutine_handle<> waiter_;  // set while it waits
    ssize_t got_ = 0;
    int error_ = 0;
    int pipe_ = -1;  // where to instead of into_, whose size still counts
    bool probed_ = false;
  };
  ReadAwaiter read(Tick deadline) { return ReadAwaiter(*this, scratch(), deadline); }
  ReadAwaiter read(std::span<char> into, Tick deadline) { return ReadAwaiter(*this, into, deadline); }
  // read_into_pipe is read with the pipe's write end (non-blocking) as the target: up to `bytes` bytes, 0 at EOF. REQUIRES:
  // splices(), and the pipe is empty (a full one looks like a socket without bytes).
  class PipeReadAwaiter : public ReadAwaiter {
   public:
    Result<size_t> await_resume();

   private:
    friend class Stream;
    PipeReadAwaiter(Stream& stream, int pipe, size_t bytes, Tick deadline) : ReadAwaiter(stream, {static_cast<char*>(nullptr), bytes}, deadline) {
      pipe_ = pipe;
    }
  };
  PipeReadAwaiter read_into_pipe(int pipe, size_t bytes, Tick deadline) { return {*this, pipe, bytes, deadline}; }
  // try_read is read without waiting: nothing available gives an empty optional. It asks the socket even if no event has told of
  // bytes; check readable_hint() first on a busy path.
  std::optional<Result<std::span<char>>> try_read(std::span<char> into);

  // write sends all bytes of the vectors. The memory must stay valid only until the co_await suspends: unsent bytes are copied
  // first. `timeout` applies between two successive sends that make progress (nginx's send_timeout); 0 waits for ever. Errors:
  // timeout, reset. After a cancelled or failed write nobody knows what the peer got: the stream can only be closed.
  class WriteAwaiter {
   public:
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Result<void> await_resume();
    ~WriteAwaiter();

   private:
    friend class Stream;
    WriteAwaiter(Stream& stream, const iovec* parts, int count, Milliseconds timeout)
        : stream_(stream), parts_(parts), timeout_(timeout), count_(count) {}
    WriteAwaiter(Stream& stream, int pipe, size_t bytes, Milliseconds timeout)
        : stream_(stream), timeout_(timeout), left_(bytes), pipe_(pipe) {}
    Stream& stream_;
    const iovec* parts_ = nullptr;
    Milliseconds timeout_;
    Tick deadline_ = 0;               // while it waits; 0: none
    std::coroutine_handle<> waiter_;  // set while it waits
    std::unique_ptr<char[]> rest_;    // copied bytes that the kernel did not take yet: the last left_ of rest_end_
    size_t rest_end_ = 0;
    size_t left_ = 0;
    int count_ = 0;
    int pipe_ = -1;                   // where the bytes come from instead of parts_
    int error_ = 0;
  };
  // At most 64 parts; `parts` itself must live until the result is there.
  WriteAwaiter write(const iovec* parts, int count, Milliseconds timeout) { return {*this, parts, count, timeout}; }
  // write_from_pipe is write with the pipe's read end (non-blocking) as the source. REQUIRES: splices(), `bytes` are in the pipe.
  WriteAwaiter write_from_pipe(int pipe, size_t bytes, Milliseconds timeout) { return {*this, pipe, bytes, timeout}; }
  // try_write is write without waiting and without a copy: how many bytes the kernel took, 0 when it takes none now. After a short
  // count the observer's on_writable follows. REQUIRES: no writer waits.
  Result<size_t> try_write(const iovec* parts, int count);
  Result<size_t> try_write(const char* bytes, size_t count) {
    iovec part{const_cast<char*>(bytes), count};
    return try_write(&part, 1);
  }

  // try_send_file sends up to `bytes` of an open file, from `offset` on, without bringing them into memory: how many the kernel took, 0
  // when it takes none now (then wait in writable). Errors: reset; io when the file ends before `offset` or can't be read. REQUIRES:
  // splices(), no writer waits.
  Result<size_t> try_send_file(int file, uint64_t offset, size_t bytes);
  // writable waits until the socket takes bytes again. Errors: timeout.
  WriteAwaiter writable(Milliseconds timeout) { return {*this, nullptr, 0, timeout}; }

  // connecting waits until the socket is writable or broken: for the dialer, right after connect() began. Errors: timeout.
  WriteAwaiter connecting(Milliseconds timeout) {
    writable_ = false;
    return {*this, nullptr, 0, timeout};
  }

  // shutdown_write sends FIN after everything written.
  void shutdown_write();
  // interrupt shuts both directions down: who waits is resumed from the loop with EOF or an error.
  void interrupt();
  // close ends the connection now. Waiting tasks must have been cancelled.
  void close();
  // reset_on_close makes close() send RST, so that the peer can't take a cut-off message for a complete one.
  void reset_on_close();

  void set_observer(StreamObserver* observer) { observer_ = observer; }
  // expire_at sets a moment for the observer, replacing an earlier one. A wait in this stream, too, puts an end to it: it is for
  // connections that are idle.
  void expire_at(Tick moment) {
    CHECK(reader_ == nullptr && writer_ == nullptr);
    expires_ = true;
    Timer::arm(moment);
  }
  void expire_after(Milliseconds delay) { expire_at(loop_->now() + static_cast<Tick>(delay.count())); }
  void expire_never() {
    if (!expires_) return;
    expires_ = false;
    Timer::cancel();
  }
  StreamObserver* observer() const { return observer_; }
  // peer_closed: the kernel has told that the peer shut its side; buffered bytes may still be readable.
  bool peer_closed() const { return peer_closed_; }
  bool readable_hint() const { return readable_; }
  // has_unread asks the socket whether bytes wait, unless that is known: they may have come since the last event.
  bool has_unread() const;
  // is_broken asks the socket whether the connection was reset; takes nothing out of it.
  bool is_broken() const;
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  EventLoop& loop() { return *loop_; }

  Result<Address> local_address() const;
  // splices: the bytes on the socket are the stream's bytes, so that they may pass through a pipe.
  virtual bool splices() const { return true; }

 protected:
  // The transport: one non-blocking attempt; -1 with errno as recv/writev, errno EAGAIN when it would wait. A count below `bytes`
  // means that nothing more is there now. TLS replaces these.
  virtual ssize_t transport_read(char* into, size_t bytes);
  virtual ssize_t transport_write(const iovec* parts, int count);

 private:
  friend class ReadAwaiter;
  friend class WriteAwaiter;

  void on_events(unsigned events) override;
  void on_timer() override;
  void tell_observer(unsigned events, bool was_blocked);
  // These three return true when the waiter has been served: bytes, EOF or an error.
  bool attempt_read(ReadAwaiter& reader);
  bool attempt_first_write(WriteAwaiter& writer);
  bool attempt_pending_write(WriteAwaiter& writer);
  bool attempt_pipe_write(WriteAwaiter& writer);
  bool wrote(WriteAwaiter& writer, ssize_t n);
  void resume_reader();
  void resume_writer();
  void arm_timer();

  EventLoop* loop_;
  StreamObserver* observer_ = nullptr;
  ReadAwaiter* reader_ = nullptr;
  WriteAwaiter* writer_ = nullptr;
  bool* destroyed_ = nullptr;  // on the stack of the function that resumes waiters
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  uint32_t burst_ = 0;  // bytes read since the reader last waited
  bool readable_ = false;
  bool writable_ = true;
  bool peer_closed_ = false;
  bool expires_ = false;  // the timer is set for the observer
};

}  // namespace sluice
