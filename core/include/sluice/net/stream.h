// Stream: an ordered stream of bytes to one peer: a TCP or Unix connection; TLS later overrides the two transport functions.
//
// Reads go into the thread's shared scratch (64 KB): the span is valid until the next co_await of the reader. Writes try the
// socket at once; what the kernel does not take is copied and the writer waits: not reading on is the back-pressure.
// One reader and one writer may wait at a time. The descriptor is registered once, edge-triggered; no epoll_ctl later.
// Destroying a stream closes it; REQUIRES: no task waits in it then.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/event/event_loop.h>
#include <sluice/os/address.h>

namespace sluice {

class Stream;

// Told what happens on a stream while nobody waits in it. Either call may destroy the stream.
class StreamObserver {
 public:
  virtual void on_readable(Stream& stream) = 0;  // bytes arrived (or EOF, or an error: read to learn which)
  virtual void on_closed(Stream& stream) = 0;    // the peer shut its side or the connection broke

 protected:
  ~StreamObserver() = default;
};

class SLUICE_API Stream : private IoWatcher, private Timer {
 public:
  static constexpr size_t kScratchBytes = 64 * 1024;
  // scratch is this thread's read buffer.
  static std::span<char> scratch();

  // Takes the connected (or connecting) non-blocking socket over.
  Stream(EventLoop& loop, int fd);
  ~Stream() override;

  using IoWatcher::fd;

  // read waits until bytes are there and puts them into `into` (default: the scratch). Result: the filled part; empty at EOF.
  // Errors: timeout, reset, cancelled never (destruction cancels). `deadline` 0 waits for ever.
  class ReadAwaiter {
   public:
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Result<std::span<char>> await_resume();
    ~ReadAwaiter();

   private:
    friend class Stream;
    ReadAwaiter(Stream& stream, std::span<char> into, Tick deadline) : stream_(stream), into_(into), deadline_(deadline) {}
    Stream& stream_;
    std::span<char> into_;
    Tick deadline_;
    bool waiting_ = false;
    ssize_t got_ = -1;
    int error_ = 0;
  };
  ReadAwaiter read(Tick deadline) { return ReadAwaiter(*this, scratch(), deadline); }
  ReadAwaiter read(std::span<char> into, Tick deadline) { return ReadAwaiter(*this, into, deadline); }
  // try_read is read without waiting: nothing available gives an empty optional.
  std::optional<Result<std::span<char>>> try_read(std::span<char> into);

  // write sends all bytes of the vectors. The memory must stay valid only until the co_await suspends: unsent bytes are copied
  // first. `deadline_ms` applies between two successive sends that make progress (nginx's send_timeout). Errors: timeout, reset.
  class WriteAwaiter {
   public:
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Result<void> await_resume();
    ~WriteAwaiter();

   private:
    friend class Stream;
    WriteAwaiter(Stream& stream, const iovec* parts, int count, Milliseconds timeout)
        : stream_(stream), parts_(parts), count_(count), timeout_(timeout) {}
    Stream& stream_;
    const iovec* parts_;
    int count_;
    Milliseconds timeout_;
    bool waiting_ = false;
    int error_ = 0;
  };
  // At most 64 parts; `parts` itself must live until the result is there.
  WriteAwaiter write(const iovec* parts, int count, Milliseconds timeout) { return {*this, parts, count, timeout}; }

  // shutdown_write sends FIN after everything written.
  void shutdown_write();
  // close ends the connection now. Waiting tasks must have been cancelled.
  void close();
  // reset_on_close makes close() send RST, so that the peer can't take a cut-off message for a complete one.
  void reset_on_close();

  void set_observer(StreamObserver* observer) { observer_ = observer; }
  // at_eof_hint: the kernel has told that the peer shut its side; buffered bytes may still be readable.
  bool peer_closed() const { return peer_closed_; }
  bool readable_hint() const { return readable_; }
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  EventLoop& loop() { return *loop_; }

  Result<Address> local_address() const;

 protected:
  // The transport: one non-blocking attempt; -1 with errno as recv/writev. TLS replaces these.
  virtual ssize_t transport_read(char* into, size_t bytes);
  virtual ssize_t transport_write(const iovec* parts, int count);

 private:
  friend class ReadAwaiter;
  friend class WriteAwaiter;
  struct Pending;  // copied bytes that the kernel did not take yet

  void on_events(unsigned events) override;
  void on_timer() override;
  bool attempt_read(ReadAwaiter& reader);    // true: finished (bytes, EOF or error)
  bool attempt_write(WriteAwaiter& writer);  // true: finished
  void rearm_timer();

  EventLoop* loop_;
  StreamObserver* observer_ = nullptr;
  ReadAwaiter* reader_ = nullptr;
  WriteAwaiter* writer_ = nullptr;
  std::coroutine_handle<> read_waiter_;
  std::coroutine_handle<> write_waiter_;
  Pending* pending_ = nullptr;
  Tick read_deadline_ = 0;
  Tick write_deadline_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_closed_ = false;
};

}  // namespace sluice
