// EventLoop: one turn is: wait once, callbacks, timers, posted work. libevent is used in exactly one way (see README.md).
#include <sluice/event/event_loop.h>

#include "event/event_loop_impl.h"

namespace sluice {

namespace {

// A loop that has turned so often has had work to do.
constexpr uint64_t kTurnsOfWork = 256;

event_base* make_base() {
  event_config* config = event_config_new();
  CHECK(config != nullptr);
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_avoid_method(config, "poll");
  event_config_avoid_method(config, "select");
  event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_O1 | EV_FEATURE_EARLY_CLOSE);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  CHECK(base != nullptr);
  return base;
}

void on_alarm(evutil_socket_t, short, void* argument) {
  auto& impl = *static_cast<EventLoop::Impl*>(argument);
  impl.alarm_at = TimerWheel::kNever;
  impl.woken();
}

}  // namespace

EventLoop::Impl::Impl(Tick now) : base(make_base()), wheel(now) {
  posted.previous = posted.next = &posted;
  evtimer_assign(&alarm, base, on_alarm, this);
}

EventLoop::Impl::~Impl() {
  while (posted.next != &posted) posted.next->unlink();
  event_del(&alarm);
  event_base_free(base);
}

void EventLoop::Impl::turn(bool block) {
  bool busy = posted.next != &posted || wheel.has_due();
  int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
  if (busy || !block) {
    flags |= EVLOOP_NONBLOCK;
  } else {
    set_alarm();
  }
  clock_is_fresh = false;
  event_base_loop(base, flags);
  woken();
  wheel.advance(Clock::of_thread().now());
  run_posted();
  if (++turns % kTurnsOfWork == 0) trim.busy();
}

// set_alarm moves the alarm only to an earlier time: one that comes too early costs a turn, a later one is set after it.
void EventLoop::Impl::set_alarm() {
  Tick at = wheel.next_look();
  if (at >= alarm_at) return;
  alarm_at = at;
  Tick now = Clock::of_thread().now();
  Tick delay = at > now ? at - now : 0;
  timeval wait{static_cast<time_t>(delay / 1000), static_cast<suseconds_t>(delay % 1000 * 1000)};
  evtimer_add(&alarm, &wait);
}

void EventLoop::Impl::run_posted() {
  if (posted.next == &posted) return;
  // Only what is queued now: a marker ends the round, so that posting from on_posted cannot starve the sockets.
  end_of_round.insert_before(posted);
  while (posted.next != &end_of_round) {
    auto& work = *static_cast<Posted*>(posted.next);
    work.unlink();
    work.on_posted();
  }
  end_of_round.unlink();
}

constinit thread_local EventLoop* EventLoop::current_ = nullptr;

EventLoop::EventLoop() : impl_(std::make_unique<Impl>(Clock::of_thread().now())) {
  impl_->outer = current_;
  current_ = this;
}

EventLoop::~EventLoop() { current_ = impl_->outer; }

void EventLoop::run() {
  impl_->stopping = false;
  while (!impl_->stopping) impl_->turn(true);
}

void EventLoop::stop() { impl_->stopping = true; }
void EventLoop::run_once(bool block) { impl_->turn(block); }
uint64_t EventLoop::turns() const { return impl_->turns; }

void EventLoop::post(Posted& work) {
  if (!work.linked()) work.insert_before(impl_->posted);
}

}  // namespace sluice
