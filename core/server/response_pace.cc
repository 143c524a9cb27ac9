// A response that may leave only so fast: limit_rate, $limit_rate, X-Accel-Limit-Rate.

#include <sluice/conf/units.h>

#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

namespace {

uint64_t size_of(const ComplexValue& value, Exchange& exchange) { return parse_size(value.eval(exchange)).value_or(0); }

}  // namespace

uint64_t Exchange::limit_rate() {
  auto& self = ExchangeRuntime::of(*this);
  if (self.own_limit_rate_) return self.limit_rate_;
  // A value that asks for itself (`limit_rate $limit_rate`) gets this one.
  self.own_limit_rate_ = true;
  self.limit_rate_ = 0;
  const uint64_t rate = size_of(location_->core.limit_rate, *this);
  self.own_limit_rate_ = false;
  return rate;
}

void Exchange::set_limit_rate(uint64_t bytes_per_second) {
  auto& self = ExchangeRuntime::of(*this);
  self.own_limit_rate_ = true;
  self.limit_rate_ = bytes_per_second;
  if (head_sent_) self.begin_pacing();
}

void ExchangeRuntime::begin_pacing() {
  const uint64_t rate = limit_rate();
  const Tick now = Clock::of_thread().now();
  if (rate == 0) pacer_ = nullptr;
  else if (pacer_ != nullptr) pacer_->change(rate, now);
  else pacer_ = arena_.make<RatePacer>(rate, size_of(location_->core.limit_rate_after, *this), now);
}

// The parts may lie in the thread's scratch, which others fill while this one waits: what has to wait is copied first.
Task<Result<void>> ExchangeRuntime::write_paced(int count) {
  std::string rest;
  for (int i = 0; i < count; ++i) rest.append(static_cast<const char*>(parts_[i].iov_base), parts_[i].iov_len);
  for (std::string_view left = rest; !left.empty();) {
    const Tick now = Clock::of_thread().now();
    const uint64_t allowed = pacer_ == nullptr ? left.size() : pacer_->allowed(now);
    if (allowed == 0) {
      co_await sleep_for(pacer_->pause(now, left.size()));
      continue;
    }
    const size_t size = std::min<uint64_t>(allowed, left.size());
    parts_[0] = {const_cast<char*>(left.data()), size};
    auto written = co_await write_rest(1);
    if (!written) co_return written;
    left.remove_prefix(size);
    if (pacer_ != nullptr) pacer_->sent(size);
  }
  co_return Result<void>();
}

}  // namespace sluice
