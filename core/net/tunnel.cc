// A tunnel is not two coroutines that read and write for ever but one small machine that the streams' events drive: between an event
// and the send there are two plain calls.
#include <sluice/net/tunnel.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice {

Tunnel::Tunnel(Owner& owner, Stream& a, Stream& b, Milliseconds idle_timeout)
    : owner_(owner),
      sides_{&a, &b},
      last_activity_(a.loop().now()),
      idle_ticks_(static_cast<Tick>(std::max<Milliseconds::rep>(idle_timeout.count(), 0))) {
  for (Stream* side : sides_) side->set_observer(this);
}

Tunnel::~Tunnel() {
  sides_[0]->expire_never();
  for (Stream* side : sides_) side->set_observer(nullptr);
}

bool Tunnel::start() {
  for (Stream* side : sides_) side->begin_watch();
  for (int way : {0, 1}) pump(way);
  if (finished()) return false;
  watch_time();
  return true;
}

void Tunnel::serve(int way) {
  pump(way);
  finished() ? finish() : watch_time();
}

void Tunnel::pump(int way) {
  if (error_ != nullptr) return;
  if (ways_[way].rest != nullptr && !forward_rest(way)) return;
  if (!ended_[way]) forward(way);
}

// forward reads until the socket is drained, the other side refuses, or the loop deserves a turn.
void Tunnel::forward(int way) {
  Stream& source = *sides_[way];
  size_t burst = 0;
  while (source.readable_hint() && ways_[way].rest == nullptr) {
    if (burst >= Stream::kBurstBytes) {
      unfinished_burst_ = true;
      return;
    }
    auto got = source.try_read(Stream::scratch());
    if (!got) return;
    if (!got->ok()) return fail(way, std::move(got->error()));
    if ((*got)->empty()) {
      ended_[way] = true;
      return sides_[1 - way]->shutdown_write();
    }
    burst += (*got)->size();
    pass_on(way, **got);
    if (error_ != nullptr) return;
  }
}

void Tunnel::pass_on(int way, std::span<char> bytes) {
  last_activity_ = sides_[0]->loop().now();
  probed_ = false;
  auto sent = sides_[1 - way]->try_write(bytes.data(), bytes.size());
  if (!sent) return fail(1 - way, std::move(sent.error()));
  const size_t left = bytes.size() - *sent;
  if (left == 0) [[likely]] return;
  Way& behind = ways_[way];
  behind.rest = std::make_unique_for_overwrite<char[]>(left);
  std::memcpy(behind.rest.get(), bytes.data() + *sent, left);
  behind.rest_at = 0;
  behind.rest_end = static_cast<uint32_t>(left);
}

// forward_rest returns true when nothing is left.
bool Tunnel::forward_rest(int way) {
  Way& behind = ways_[way];
  auto sent = sides_[1 - way]->try_write(behind.rest.get() + behind.rest_at, behind.rest_end - behind.rest_at);
  if (!sent) {
    fail(1 - way, std::move(sent.error()));
    return false;
  }
  if (*sent > 0) last_activity_ = sides_[0]->loop().now();
  behind.rest_at += static_cast<uint32_t>(*sent);
  if (behind.rest_at < behind.rest_end) return false;
  behind.rest.reset();
  return true;
}

void Tunnel::fail(int side, Error error) {
  error_ = std::make_unique<Error>(std::move(error).with_context(side == 0 ? "a" : "b"));
}

void Tunnel::finish() {
  sides_[0]->expire_never();
  owner_.tunnel_ended();
}

// watch_time arms the timer for what comes first: the rest of a burst, the probe of two quiet sockets, the idle timeout. On a busy
// tunnel that is one store.
void Tunnel::watch_time() {
  Tick at = idle_ticks_ == 0 ? 0 : last_activity_ + idle_ticks_;
  const Tick probe = last_activity_ + Stream::kProbeAfter;
  if (!probed_ && (at == 0 || probe < at)) at = probe;
  if (unfinished_burst_) at = sides_[0]->loop().now();
  if (at != 0) sides_[0]->expire_at(at);
}

void Tunnel::on_deadline(Stream&) {
  const Tick now = sides_[0]->loop().now();
  const bool quiet = !probed_ && now >= last_activity_ + Stream::kProbeAfter;
  if (quiet) {
    for (Stream* side : sides_) side->assume_readable();
    probed_ = true;
  }
  if (quiet || std::exchange(unfinished_burst_, false)) {
    for (int way : {0, 1}) pump(way);
  }
  if (!finished() && idle_ticks_ != 0 && now >= last_activity_ + idle_ticks_) {
    error_ = std::make_unique<Error>(ErrorKind::timeout, "tunnel timed out (110: Connection timed out)", ErrorSource::internal, ETIMEDOUT);
  }
  finished() ? finish() : watch_time();
}

}  // namespace sluice
