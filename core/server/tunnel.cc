// After a 101 the exchange is over but for its log phase: what the two sides sent early is passed on, then the connection becomes a
// ClientTunnel.

#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

Task<Result<void>> Exchange::open_tunnel(Stream& upstream, std::string_view early, Milliseconds timeout) {
  if (parent_ != nullptr) return Result<void>(Error(ErrorKind::closed, "a subrequest cannot become a tunnel", ErrorSource::client));
  return ExchangeRuntime::of(*this).open(upstream, early, timeout);
}

Outcome Exchange::keep_tunnel(std::unique_ptr<TunnelPeer> peer, Milliseconds idle_timeout) {
  connection_.plan_tunnel(std::move(peer), idle_timeout);
  return Outcome::finished();
}

Task<Result<void>> ExchangeRuntime::open(Stream& upstream, std::string_view early, Milliseconds timeout) {
  keep_connection_ = false;
  is_tunnel_ = true;
  watch_client_ = false;
  const std::string_view first = arena_.copy(early);
  auto head = send_head(0);
  if (!head) co_return head;
  auto flushed = co_await flush();
  if (!flushed) co_return flushed;
  response_finished_ = true;
  if (!first.empty()) {
    iovec part{const_cast<char*>(first.data()), first.size()};
    auto sent = co_await stream_.write(&part, 1, timeout);
    if (!sent) co_return sent;
    body_bytes_sent_ = first.size();
  }
  if (!input_.empty()) {
    const std::string_view waiting = input_.view();
    iovec part{const_cast<char*>(waiting.data()), waiting.size()};
    auto sent = co_await upstream.write(&part, 1, timeout);
    if (!sent) co_return sent;
    input_.consume(waiting.size());
  }
  co_return Result<void>();
}

void ExchangeRuntime::end_tunnel(const Error* error, uint64_t sent_to_client) {
  aborted_ = true;
  body_bytes_sent_ += sent_to_client;
  if (error == nullptr) return;
  log_at(LogLevel::info, error->kind == ErrorKind::timeout ? "tunnel timed out: " : "tunnel ended: ", error->text);
}

}  // namespace sluice
