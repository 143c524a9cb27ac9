// After a 101: the exchange becomes two byte streams that are relayed, until one side ends.

#include <sluice/net/tunnel.h>

#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

Task<Outcome> Exchange::become_tunnel(Stream& upstream, std::string_view early, Milliseconds idle_timeout) {
  return ExchangeRuntime::of(*this).tunnel(upstream, early, idle_timeout);
}

Task<Outcome> ExchangeRuntime::tunnel(Stream& upstream, std::string_view early, Milliseconds idle_timeout) {
  keep_connection_ = false;
  is_tunnel_ = true;
  watch_client_ = false;
  std::string_view first = early.empty() ? early : arena_.copy(early);
  auto head = send_head(0);
  if (!head) co_return Outcome::abort();
  auto flushed = co_await flush();
  if (!flushed) co_return Outcome::abort();
  response_finished_ = true;

  // What either side sent before the tunnel stood.
  if (!first.empty()) {
    iovec part{const_cast<char*>(first.data()), first.size()};
    auto sent = co_await stream_.write(&part, 1, idle_timeout);
    if (!sent) co_return Outcome::abort();
  }
  if (!input_.empty()) {
    std::string_view waiting = input_.view();
    iovec part{const_cast<char*>(waiting.data()), waiting.size()};
    auto sent = co_await upstream.write(&part, 1, idle_timeout);
    if (!sent) co_return Outcome::abort();
    input_.consume(waiting.size());
  }
  const uint64_t before = stream_.bytes_written();
  auto end = co_await relay(stream_, upstream, idle_timeout);
  body_bytes_sent_ = first.size() + (stream_.bytes_written() - before);
  if (!end) {
    const std::string_view text = end.error().text;
    log_at(LogLevel::info, end.error().kind == ErrorKind::timeout ? "tunnel timed out: " : "tunnel ended: ", text);
  }
  co_return Outcome::abort();
}

}  // namespace sluice
