// Bodies that lie in files and go to the client without passing through memory.

#include <algorithm>

#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

bool Exchange::can_send_file() const {
  const auto& self = static_cast<const ExchangeRuntime&>(*this);
  return head_sent_ && self.body_allowed_ && self.filter_count_ == 0 && self.pacer_ == nullptr && self.response_framing_ == BodyFraming::length &&
         self.stream_.splices();
}

Task<Result<void>> Exchange::send_file(int file, uint64_t offset, uint64_t bytes) {
  auto& self = ExchangeRuntime::of(*this);
  auto head = co_await flush();
  if (!head) co_return head;
  constexpr uint64_t kCallBytes = 512 * 1024;
  constexpr uint64_t kTurnBytes = 4 * kCallBytes;  // others have their turn after so much
  uint64_t since_wait = 0;
  bytes = std::min(bytes, self.response_left_);
  while (bytes > 0) {
    auto sent = self.stream_.try_send_file(file, offset, std::min(bytes, kCallBytes));
    if (!sent) {
      self.aborted_ = true;
      if (sent.error().kind != ErrorKind::io) sent.error().source = ErrorSource::client;
      co_return std::move(sent.error());
    }
    offset += *sent;
    bytes -= *sent;
    since_wait += *sent;
    body_bytes_sent_ += *sent;
    self.response_left_ -= *sent;
    if (*sent == 0) {
      auto ready = co_await self.stream_.writable(location_->core.send_timeout);
      if (!ready) {
        self.aborted_ = true;
        self.timed_out_ = ready.error().kind == ErrorKind::timeout;
        ready.error().source = ErrorSource::client;
        co_return ready;
      }
      since_wait = 0;
    } else if (since_wait >= kTurnBytes) {
      co_await sleep_for(Milliseconds{0});
      since_wait = 0;
    }
  }
  co_return Result<void>();
}

}  // namespace sluice
