// Listener: accepts connections from one listening socket; open_listening_socket: makes such a socket.
//
// The master opens the sockets and keeps them over the life of its workers; a worker's Listener borrows one and never closes it.
#pragma once

#include <cstdint>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/event/event_loop.h>
#include <sluice/os/address.h>
#include <sluice/os/fd.h>

namespace sluice {

class AcceptSink {
 public:
  // on_accept hands over a connected, non-blocking, close-on-exec socket. May pause or destroy the listener.
  virtual void on_accept(Fd socket, const Address& peer) = 0;
  // on_accept_error: accept4 failed for lack of something (EMFILE, ENFILE, ENOBUFS, ENOMEM) or unexpectedly; the listener waits
  // kErrorPause before it tries again. To be logged. May pause or destroy the listener.
  virtual void on_accept_error(int errno_value) = 0;

 protected:
  ~AcceptSink() = default;
};

class SLUICE_API Listener final : private IoWatcher, private Timer, private Posted {
 public:
  static constexpr int kAcceptsPerTurn = 32;
  static constexpr Milliseconds kErrorPause{500};
  static constexpr int kLongestQueue = 65'536;

  // Borrows the non-blocking listening socket. Accepts at once; connections that queue already are reported in the next turn.
  Listener(EventLoop& loop, int fd, AcceptSink& sink);
  ~Listener() override;

  using IoWatcher::fd;

  // pause stops accepting: clients wait in the kernel's queue. resume goes on with the next turn. Both may be repeated.
  void pause() { paused_ = true; }
  void resume();
  bool paused() const { return paused_; }
  // accept_rest accepts what queues now, paused or not: whoever closes a listening socket resets the connections in its queue.
  // REQUIRES: the sink does not destroy the listener.
  void accept_rest();

 private:
  enum class Step { next, drained, stop };

  void on_events(unsigned events) override;
  void on_timer() override;
  void on_posted() override;
  void accept_batch();
  Step accept_one();
  Step refused(int errno_value);

  EventLoop& loop_;
  AcceptSink& sink_;
  bool* destroyed_ = nullptr;  // on the stack of accept_batch
  bool paused_ = false;
};

struct ListenOptions {
  int backlog = 511;
  bool reuse_port = false;    // SO_REUSEPORT: one socket per worker
  bool ipv6only = true;       // an IPv6 socket takes no IPv4 clients (nginx's default)
  bool defer_accept = false;  // TCP_DEFER_ACCEPT: wake up with the first bytes
  bool keepalive = false;     // SO_KEEPALIVE on accepted connections
  int receive_buffer = 0;     // SO_RCVBUF, SO_SNDBUF of accepted connections in bytes; 0 leaves the system's
  int send_buffer = 0;
};

// open_listening_socket opens, binds and listens: non-blocking, close-on-exec, SO_REUSEADDR; TCP_NODELAY, which accepted sockets
// inherit. A Unix socket gets mode 0666 like nginx's; its stale file is not removed. Errors: io, in nginx's words:
// `bind() to 0.0.0.0:80 failed (98: Address already in use)`.
SLUICE_API Result<Fd> open_listening_socket(const Address& address, const ListenOptions& options);

// steer_new_connections makes the kernel choose among the first `count` sockets of the SO_REUSEPORT group of `fd`, in the order in which
// they began to listen; 0: among all again. So that no client waits at a socket that is not served yet, or no more. False when the
// kernel cannot.
SLUICE_API bool steer_new_connections(int fd, unsigned count);

}  // namespace sluice
