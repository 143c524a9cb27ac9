#include "server/client_connection.h"

#include <algorithm>

#include "http/request_parser.h"

namespace sluice {

namespace {
constexpr Milliseconds kFirstRequestPatience{1000};
}

// What reading a head came to. Not complete: the connection goes idle or ends.
struct ClientConnection::Head {
  bool complete = false;
  std::string_view text;   // in the arena
  HeadResult refusal;
  After after = After::idle;
};

struct ClientConnection::Active {
  Arena arena;
  ByteBuffer input;
  std::optional<ExchangeRuntime> exchange;
  Flow flow;
  Head head;
  uint64_t started_us = 0;
  uint64_t started_wall_ms = 0;

  static void* operator new(size_t bytes) { return frame_allocate(bytes); }
  static void operator delete(void* memory, size_t bytes) { frame_free(memory, bytes); }
};

ClientConnection::ClientConnection(Owner& owner, EventLoop& loop, int fd, const Address& client,
                                   std::shared_ptr<ActiveListener> listener, uint64_t number)
    : stream_(loop, fd), owner_(owner), listener_(std::move(listener)), client_(client), number_(number) {
  stream_.set_observer(this);
  stream_.expire_after(listener_->hosts->default_server()->client_header_timeout);
}

ClientConnection::~ClientConnection() {
  // Whatever still runs is cancelled; the log phase of its exchange happens all the same.
  if (active_ != nullptr && active_->flow.running()) {
    active_->flow.cancel();
    if (active_->exchange && active_->exchange->run_log_phase()) owner_.metrics().request_ends(active_->exchange->response().status);
  }
}

const Address& ClientConnection::server_address() {
  if (server_ == nullptr) {
    auto local = stream_.local_address();
    server_ = std::make_unique<Address>(local ? *local : listener_->listen.address);
  }
  return *server_;
}

bool ClientConnection::is_last_request() const {
  if (owner_.draining() || listener_->removed) return true;
  const CoreConf& core = active_->exchange->location().core;
  return requests_ >= core.keepalive_requests || core.keepalive_timeout.count() == 0;
}

void ClientConnection::on_readable(Stream&) {
  if (active_ == nullptr) return serve();
  // A reset can come without the mark of a closed peer.
  if (active_->exchange && active_->exchange->watches_client() && stream_.is_broken()) client_left();
}

void ClientConnection::on_closed(Stream&) {
  if (active_ == nullptr) {
    // Bytes may stand before the end of the stream: a request and its FIN can arrive together.
    if (stream_.readable_hint()) return serve();
    return end();
  }
  if (active_->exchange && active_->exchange->watches_client()) client_left();
}

// client_left ends a watched exchange: nobody is there to answer.
void ClientConnection::client_left() {
  active_->flow.cancel();
  active_->exchange->client_left();
  active_->exchange->log_at(LogLevel::info, "client prematurely closed connection");
  active_->exchange->run_log_phase();
  owner_.metrics().request_ends(499);
  end();
}

void ClientConnection::on_deadline(Stream&) { end(); }

void ClientConnection::close_now() { end(); }

void ClientConnection::drain() {
  if (active_ != nullptr) return;
  if (requests_ > 0) return serve();
  stream_.expire_after(std::min(listener_->hosts->default_server()->client_header_timeout, kFirstRequestPatience));
}

void ClientConnection::end() { owner_.connection_ended(*this); }

void ClientConnection::serve() {
  stream_.expire_never();
  active_ = std::make_unique<Active>();
  active_->flow.start(serve_exchanges(), &served, this);
}

void ClientConnection::served(void* self) {
  auto& connection = *static_cast<ClientConnection*>(self);
  if (connection.after_ == After::idle) connection.become_idle();
  else connection.end();
}

void ClientConnection::become_idle() {
  active_.reset();
  if (owner_.draining() || listener_->removed) return end();
  stream_.expire_after(keepalive_timeout_.count() > 0 ? keepalive_timeout_ : listener_->hosts->default_server()->client_header_timeout);
}

Task<void> ClientConnection::serve_exchanges() {
  do {
    after_ = co_await serve_one();
    active_->exchange.reset();
    active_->arena.reset();
  } while (after_ == After::idle && (!active_->input.empty() || stream_.readable_hint()));
  if (after_ == After::linger) co_await linger();
}

Task<ClientConnection::After> ClientConnection::serve_one() {
  Active& active = *active_;
  co_await read_head();
  if (!active.head.complete) co_return active.head.after;
  HeadResult& refusal = active.head.refusal;

  ++requests_;
  owner_.metrics().request_begins();
  ActiveListener& listener = *listener_;
  active.exchange.emplace(*this, active.arena, listener.generation, stream_, active.input);
  ExchangeRuntime& exchange = *active.exchange;
  exchange.draining = owner_.draining();
  if (refusal.ok()) {
    const VirtualServer& server = *listener.hosts->default_server();
    RequestLimits limits;
    limits.uri_bytes = limits.line_bytes = static_cast<uint32_t>(server.large_client_header_bytes);
    limits.total_bytes = static_cast<uint32_t>(server.client_header_bytes);
    limits.max_fields = server.max_headers;
    limits.underscores_in_headers = server.underscores_in_headers;
    refusal = parse_request_head(active.head.text, limits, active.arena, exchange.request());
  }
  exchange.start(*listener.hosts, active.started_us, active.started_wall_ms);
  if (refusal.ok()) co_await exchange.run();
  else co_await answer_refusal(refusal);
  exchange.run_log_phase();
  owner_.metrics().request_ends(exchange.response().status);

  keepalive_timeout_ = exchange.location().core.keepalive_timeout;
  if (exchange.aborted()) {
    if (exchange.needs_reset()) stream_.reset_on_close();
    co_return After::close;
  }
  if (!refusal.ok()) co_return After::linger;
  if (!exchange.body_finished()) {
    const bool discarded = co_await exchange.discard_body();
    if (!discarded) co_return After::linger;
  }
  const bool unread = !active.input.empty() || stream_.readable_hint() || exchange.body_refused();
  if (!exchange.keeps_connection()) co_return unread ? After::linger : After::close;
  co_return After::idle;
}

Task<void> ClientConnection::answer_refusal(const HeadResult& refusal) {
  using Limit = ServerMetrics::Limit;
  if (refusal.status == 408) owner_.metrics().limit_hit(Limit::header_timeout);
  if (refusal.status == 414 || refusal.status == 431) owner_.metrics().limit_hit(Limit::request_head);
  return active_->exchange->refuse(refusal.status, refusal.reason);
}

// read_head ends at once when the whole head is there, as it nearly always is; then no coroutine is made for it.
Task<void> ClientConnection::read_head() {
  Active& active = *active_;
  active.head = Head{};
  HeadScanner scanner(HeadScanner::Kind::request, scan_limits());
  std::string_view block = active.input.view();
  const bool in_input = !block.empty();
  if (!in_input) {
    // Nothing may be there after all: then the connection is idle, and needs no Active.
    auto got = stream_.try_read(Stream::scratch());
    if (!got) return {};
    if (!*got || (*got)->empty()) {
      active.head.after = After::close;
      return {};
    }
    block = {(*got)->data(), (*got)->size()};
  }
  const Clock& clock = Clock::of_thread();
  active.started_us = clock.now_us();
  active.started_wall_ms = clock.wall_ms();
  const HeadScan scan = scanner.scan(block);
  if (scan.state == HeadScan::State::need_more) {
    if (!in_input) active.input.append(block);
    return read_more_head(scanner);
  }
  take_head(scan, scanner.skipped(), block);
  if (scan.state == HeadScan::State::found) {
    if (in_input) active.input.consume(scan.end);
    else active.input.append(block.substr(scan.end));
  }
  return {};
}

Task<void> ClientConnection::read_more_head(HeadScanner scanner) {
  Active& active = *active_;
  const Tick deadline = stream_.loop().now() + static_cast<Tick>(listener_->hosts->default_server()->client_header_timeout.count());
  for (;;) {
    auto got = co_await stream_.read(deadline);
    if (!got && got.error().kind == ErrorKind::timeout && scanner.started()) {
      active.head.refusal = refuse(408, "the request head did not arrive in time");
      active.head.complete = true;
      co_return;
    }
    if (!got || got->empty()) {
      active.head.after = After::close;
      co_return;
    }
    active.input.append({got->data(), got->size()});
    const HeadScan scan = scanner.scan(active.input.view());
    if (scan.state == HeadScan::State::need_more) continue;
    take_head(scan, scanner.skipped(), active.input.view());
    if (scan.state == HeadScan::State::found) active.input.consume(scan.end);
    co_return;
  }
}

void ClientConnection::take_head(const HeadScan& scan, size_t skipped, std::string_view block) {
  Head& head = active_->head;
  head.complete = true;
  if (scan.state == HeadScan::State::refused) head.refusal = scan.refusal;
  else head.text = active_->arena.copy(block.substr(skipped, scan.end - skipped));
}

HeadScanner::Limits ClientConnection::scan_limits() const {
  const VirtualServer& server = *listener_->hosts->default_server();
  HeadScanner::Limits limits;
  limits.first_line_bytes = static_cast<uint32_t>(server.large_client_header_bytes) + 128;
  limits.line_bytes = static_cast<uint32_t>(server.large_client_header_bytes);
  limits.total_bytes = static_cast<uint32_t>(server.client_header_bytes);
  return limits;
}

// linger reads and drops what the client still sends, so that closing does not reset the connection before it has read the response.
Task<void> ClientConnection::linger() {
  stream_.shutdown_write();
  const CoreConf& core = listener_->hosts->default_server()->root.core;
  const Tick end = stream_.loop().now() + static_cast<Tick>(core.lingering_time.count());
  while (stream_.loop().now() < end) {
    auto got = co_await stream_.read(stream_.loop().now() + static_cast<Tick>(core.lingering_timeout.count()));
    if (!got || got->empty()) co_return;
  }
}

}  // namespace sluice
