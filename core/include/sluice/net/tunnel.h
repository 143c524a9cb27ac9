// Tunnel: two streams become one pipe, in both directions at once, until both sides have said that they are done. For what follows
// a 101 (WebSocket): nothing is parsed. There may be very many of them, on which nothing happens: a tunnel is small and holds no buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/net/stream.h>

namespace sluice {

// It forwards bytes as they come: read into the scratch, sent at once; only what the kernel refuses is copied, and that direction
// is not read again until it is gone. EOF of one side becomes a FIN to the other (half-close); the tunnel ends when both directions
// have ended, when either side breaks, or when neither direction moved a byte for idle_timeout (0: never). How much passed, the
// streams' counters tell. The streams are not closed; while the tunnel lives it is their observer, after it they have none.
// REQUIRES: no task waits in either stream, both outlive the tunnel.
class SLUICE_API Tunnel final : private StreamObserver {
 public:
  // Told once that the tunnel has ended; may destroy it and the streams.
  class Owner {
   public:
    virtual void tunnel_ended() = 0;

   protected:
    ~Owner() = default;
  };

  Tunnel(Owner& owner, Stream& a, Stream& b, Milliseconds idle_timeout);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  // start relays what is there and waits for more. False: that was all, the tunnel has ended; the owner is not told.
  bool start();
  // error: timeout, or reset when a side broke, its text starting with "a: " or "b: ". Null when both sides just ended.
  const Error* error() const { return error_.get(); }

 private:
  // One direction. `rest` holds what the kernel refused; while there is some, nothing is read.
  struct Way {
    std::unique_ptr<char[]> rest;
    uint32_t rest_at = 0;
    uint32_t rest_end = 0;
  };

  void on_readable(Stream& stream) override { serve(from(stream)); }
  void on_closed(Stream& stream) override { serve(from(stream)); }
  void on_writable(Stream& stream) override { serve(1 - from(stream)); }
  void on_deadline(Stream& stream) override;

  int from(const Stream& stream) const { return &stream == sides_[0] ? 0 : 1; }
  void serve(int way);
  void pump(int way);
  void forward(int way);
  bool forward_rest(int way);
  void pass_on(int way, std::span<char> bytes);
  void fail(int side, Error error);
  bool finished() const { return error_ != nullptr || (ended_[0] && ended_[1]); }
  void finish();
  void watch_time();

  Owner& owner_;
  Stream* sides_[2];             // way 0 goes from side 0 to side 1; the timer is side 0's
  Way ways_[2];
  std::unique_ptr<Error> error_;
  Tick last_activity_;
  Tick idle_ticks_;              // 0: never
  bool ended_[2] = {};           // EOF was read and passed on
  bool unfinished_burst_ = false;  // a way has more to read: go on in the next turn
  bool probed_ = false;            // both sockets were asked since the last activity (see Stream::kProbeAfter)
};

}  // namespace sluice
