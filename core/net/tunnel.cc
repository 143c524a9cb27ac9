// relay is not two coroutines that read and write for ever but one small machine that the streams' events drive: between an event
// and the send there are two plain calls. The relay's coroutine only waits for the machine's end.
#include <sluice/net/tunnel.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace sluice {

namespace {

class Tunnel final : private StreamObserver, private Timer {
 public:
  Tunnel(Stream& a, Stream& b, Milliseconds idle_timeout)
      : ways_{{a, b}, {b, a}},
        before_{a.observer(), b.observer()},
        idle_ticks_(static_cast<Tick>(std::max<Milliseconds::rep>(idle_timeout.count(), 0))),
        last_activity_(a.loop().now()) {}
  ~Tunnel() override { detach(); }

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    for (Way& way : ways_) {
      way.from.set_observer(this);
      way.from.begin_watch();
    }
    for (Way& way : ways_) pump(way);
    if (finished()) return false;
    waiter_ = waiter;
    watch_time();
    return true;
  }
  Result<TunnelEnd> await_resume() {
    detach();
    if (error_) return std::move(*error_);
    return TunnelEnd{ways_[0].bytes, ways_[1].bytes};
  }

 private:
  // One direction. `rest` holds what the kernel refused; while there is some, nothing is read.
  struct Way {
    Way(Stream& source, Stream& target) : from(source), to(target) {}
    Stream& from;
    Stream& to;
    std::unique_ptr<char[]> rest;
    size_t rest_at = 0;
    size_t rest_end = 0;
    uint64_t bytes = 0;
    bool ended = false;  // EOF was read and passed on
  };

  void on_readable(Stream& stream) override { serve(way_from(stream)); }
  void on_closed(Stream& stream) override { serve(way_from(stream)); }
  void on_writable(Stream& stream) override { serve(way_from(stream) == &ways_[0] ? &ways_[1] : &ways_[0]); }
  void on_timer() override;

  Way* way_from(Stream& stream) { return &stream == &ways_[0].from ? &ways_[0] : &ways_[1]; }
  void serve(Way* way) {
    pump(*way);
    finished() ? finish() : watch_time();
  }
  void pump(Way& way);
  void forward(Way& way);
  bool forward_rest(Way& way);
  void pass_on(Way& way, std::span<char> bytes);
  void fail(Stream& stream, Error error);
  bool finished() const { return error_.has_value() || (ways_[0].ended && ways_[1].ended); }
  void finish();
  void watch_time();
  void detach();

  Way ways_[2];
  StreamObserver* before_[2];
  Tick idle_ticks_;  // 0: never
  Tick last_activity_;
  std::coroutine_handle<> waiter_;
  std::optional<Error> error_;
  bool attached_ = true;
  bool unfinished_burst_ = false;  // a way has more to read: go on in the next turn
  bool probed_ = false;            // both sockets were asked since the last activity (see Stream::kProbeAfter)
};

void Tunnel::pump(Way& way) {
  if (error_) return;
  if (way.rest != nullptr && !forward_rest(way)) return;
  if (!way.ended) forward(way);
}

// forward reads until the socket is drained, the other side refuses, or the loop deserves a turn.
void Tunnel::forward(Way& way) {
  size_t burst = 0;
  while (way.from.readable_hint() && way.rest == nullptr) {
    if (burst >= Stream::kBurstBytes) {
      unfinished_burst_ = true;
      return;
    }
    auto got = way.from.try_read(Stream::scratch());
    if (!got) return;
    if (!got->ok()) return fail(way.from, std::move(got->error()));
    if ((*got)->empty()) {
      way.ended = true;
      return way.to.shutdown_write();
    }
    burst += (*got)->size();
    pass_on(way, **got);
    if (error_) return;
  }
}

void Tunnel::pass_on(Way& way, std::span<char> bytes) {
  last_activity_ = way.from.loop().now();
  probed_ = false;
  way.bytes += bytes.size();
  auto sent = way.to.try_write(bytes.data(), bytes.size());
  if (!sent) return fail(way.to, std::move(sent.error()));
  size_t left = bytes.size() - *sent;
  if (left == 0) [[likely]] return;
  way.rest = std::make_unique_for_overwrite<char[]>(left);
  std::memcpy(way.rest.get(), bytes.data() + *sent, left);
  way.rest_at = 0;
  way.rest_end = left;
}

// forward_rest returns true when nothing is left.
bool Tunnel::forward_rest(Way& way) {
  auto sent = way.to.try_write(way.rest.get() + way.rest_at, way.rest_end - way.rest_at);
  if (!sent) {
    fail(way.to, std::move(sent.error()));
    return false;
  }
  if (*sent > 0) last_activity_ = way.to.loop().now();
  way.rest_at += *sent;
  if (way.rest_at < way.rest_end) return false;
  way.rest.reset();
  return true;
}

void Tunnel::fail(Stream& stream, Error error) {
  error_ = std::move(error).with_context(&stream == &ways_[0].from ? "a" : "b");
}

void Tunnel::finish() {
  if (!waiter_) return;
  Timer::cancel();
  std::exchange(waiter_, {}).resume();  // destroys this object
}

// watch_time arms the timer for what comes first: the rest of a burst, the probe of two quiet sockets, the idle timeout. On a busy
// tunnel that is one store.
void Tunnel::watch_time() {
  Tick at = idle_ticks_ == 0 ? 0 : last_activity_ + idle_ticks_;
  Tick probe = last_activity_ + Stream::kProbeAfter;
  if (!probed_ && (at == 0 || probe < at)) at = probe;
  if (unfinished_burst_) at = ways_[0].from.loop().now();
  if (at != 0) Timer::arm(at);
}

void Tunnel::on_timer() {
  Tick now = ways_[0].from.loop().now();
  bool quiet = !probed_ && now >= last_activity_ + Stream::kProbeAfter;
  if (quiet) {
    for (Way& way : ways_) way.from.assume_readable();
    probed_ = true;
  }
  if (quiet || std::exchange(unfinished_burst_, false)) {
    for (Way& way : ways_) pump(way);
  }
  if (!finished() && idle_ticks_ != 0 && now >= last_activity_ + idle_ticks_) {
    error_ = Error(ErrorKind::timeout, "tunnel timed out (110: Connection timed out)", ErrorSource::internal, ETIMEDOUT);
  }
  finished() ? finish() : watch_time();
}

void Tunnel::detach() {
  if (!std::exchange(attached_, false)) return;
  for (int i = 0; i < 2; ++i) ways_[i].from.set_observer(before_[i]);
}

}  // namespace

Task<Result<TunnelEnd>> relay(Stream& a, Stream& b, Milliseconds idle_timeout) {
  Tunnel tunnel(a, b, idle_timeout);
  co_return co_await tunnel;
}

}  // namespace sluice
