#include "server/client_connection.h"

#include <algorithm>

#include "http/byte_class.h"
#include "http/request_parser.h"

namespace sluice {

namespace {
constexpr Milliseconds kFirstRequestPatience{1000};
}

struct ClientConnection::Active {
  Arena arena;
  ByteBuffer input;
  std::optional<ExchangeRuntime> exchange;
  Task<Outcome> task{Outcome::next()};  // what the exchange waits for
  Flow flow;
  std::optional<HeadScanner> scanner;   // of a head that did not arrive whole
  std::string_view head;                // in the arena; empty: there is none
  HeadResult refusal;                   // of that head
  uint64_t started_us = 0;
  uint64_t started_wall_ms = 0;

  void cancel_flow() {
    flow.cancel();
    if (exchange) exchange->cancel_background();
    task = Task<Outcome>(Outcome::next());
  }

  static void* operator new(size_t bytes) { return frame_allocate(bytes); }
  static void operator delete(void* memory, size_t bytes) { frame_free(memory, bytes); }
};

ClientConnection::ClientConnection(Owner& owner, EventLoop& loop, int fd, const Address& client,
                                   std::shared_ptr<ActiveListener> listener, uint64_t number)
    : stream_(loop, fd, Stream::Unwatched{}), owner_(owner), listener_(std::move(listener)), client_(client), number_(number),
      preface_is_due_(listener_->listen.proxy_protocol) {
  stream_.set_observer(this);
}

ClientConnection::~ClientConnection() {
  // Whatever still runs is cancelled; the log phase of its exchange happens all the same.
  if (after_ == After::tunnel) {
    if (active_ != nullptr && active_->exchange) active_->exchange->cancel_background();
    log_tunnel();
  } else if (active_ != nullptr && active_->flow.running()) {
    active_->cancel_flow();
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
  if (requests_ >= core.keepalive_requests || core.keepalive_timeout.count() == 0) return true;
  return age_ms() > static_cast<uint64_t>(core.keepalive_time.count());
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
  active_->cancel_flow();
  active_->exchange->client_left();
  active_->exchange->log_at(LogLevel::info, "client prematurely closed connection");
  active_->exchange->run_log_phase();
  owner_.metrics().request_ends(499);
  end();
}

void ClientConnection::on_deadline(Stream&) { end(); }

void ClientConnection::begin(bool at_once) {
  if (at_once) return serve();
  stream_.begin_watch();
  stream_.expire_after(listener_->hosts->default_server()->client_header_timeout);
}

void ClientConnection::close_now() { end(); }

void ClientConnection::drain() {
  if (!idle()) return;
  if (requests_ > 0) return serve();
  stream_.expire_after(std::min(listener_->hosts->default_server()->client_header_timeout, kFirstRequestPatience));
}

void ClientConnection::end() { owner_.connection_ended(*this); }

void ClientConnection::serve() {
  stream_.expire_never();
  active_.reset(new Active);  // make_unique would write zeros over all of it first
  Wait wait = serve_request();
  if (wait == Wait::nothing) wait = serve_further();
  if (wait == Wait::nothing) return served(this);
  stream_.watch_soon();
  active_->flow.start(serve_waiting(wait), &served, this);
}

void ClientConnection::served(void* self) {
  auto& connection = *static_cast<ClientConnection*>(self);
  switch (connection.after_) {
    case After::idle: return connection.become_idle();
    case After::tunnel: return connection.become_tunnel();
    default: return connection.end();
  }
}

void ClientConnection::become_idle() {
  active_.reset();
  if (owner_.draining() || listener_->removed) return end();
  stream_.begin_watch();
  stream_.expire_after(keepalive_timeout_.count() > 0 ? keepalive_timeout_ : listener_->hosts->default_server()->client_header_timeout);
}

void ClientConnection::plan_tunnel(std::unique_ptr<TunnelPeer> peer, Milliseconds idle_timeout) {
  tunnel_ = std::make_unique<ClientTunnel>(*this, std::move(peer), idle_timeout);
}

void ClientConnection::become_tunnel() {
  active_->task = Task<Outcome>(Outcome::next());  // the handler's frame
  active_->input.release();
  if (tunnel_->put_to_sleep(*active_->exchange)) active_.reset();
  if (!tunnel_->start()) end();
}

// log_tunnel is the end of the exchange that opened the tunnel.
void ClientConnection::log_tunnel() {
  if (active_ == nullptr) {
    active_.reset(new Active);
    active_->exchange.emplace(*this, active_->arena, tunnel_->generation_to_wake(), stream_, active_->input);
  }
  ExchangeRuntime& exchange = *active_->exchange;
  tunnel_->end(exchange);
  exchange.run_log_phase();
  owner_.metrics().request_ends(exchange.response().status);
}

// goes_on: the next request may be there already.
bool ClientConnection::goes_on() const { return after_ == After::idle && (!active_->input.empty() || stream_.readable_hint()); }

ClientConnection::Wait ClientConnection::serve_request() {
  if (preface_is_due_) [[unlikely]] return Wait::preface;
  return read_head() ? serve_head() : Wait::head;
}

ClientConnection::Wait ClientConnection::serve_head() {
  Active& active = *active_;
  if (active.head.empty() && active.refusal.ok()) return Wait::nothing;
  begin_exchange();
  const bool waits = active.refusal.ok() ? active.exchange->run(active.task) : answer_refusal();
  return waits ? Wait::exchange : end_exchange();
}

ClientConnection::Wait ClientConnection::serve_further() {
  while (goes_on()) {
    if (const Wait wait = serve_request(); wait != Wait::nothing) return wait;
  }
  return after_ == After::linger ? Wait::linger : Wait::nothing;
}

Task<void> ClientConnection::serve_waiting(Wait wait) {
  Active& active = *active_;
  for (;;) {
    switch (wait) {
      case Wait::preface:
        if (!co_await read_preface()) {
          after_ = After::close;
          co_return;
        }
        wait = serve_request();
        break;
      case Wait::head:
        co_await read_more_head();
        wait = serve_head();
        break;
      case Wait::exchange: {
        const Outcome outcome = co_await active.task;
        wait = active.exchange->go_on(outcome, active.task) ? Wait::exchange : end_exchange();
        break;
      }
      case Wait::background:
        co_await active.exchange->background_done();
        wait = after_background();
        break;
      case Wait::body: {
        const bool discarded = co_await active.exchange->discard_body();
        leave_exchange(discarded ? Rest::none : Rest::unread);
        wait = Wait::nothing;
        break;
      }
      case Wait::linger: co_await linger(); co_return;
      case Wait::nothing: co_return;
    }
    if (wait == Wait::nothing) wait = serve_further();
  }
}

void ClientConnection::begin_exchange() {
  Active& active = *active_;
  ActiveListener& listener = *listener_;
  ++requests_;
  owner_.metrics().request_begins();
  if (!active.exchange) {
    active.exchange.emplace(*this, active.arena, listener.generation, stream_, active.input);
    if (active.refusal.ok()) active.refusal = parse_head(active.head);
  }
  active.exchange->head_bytes = active.head.size();
  active.exchange->draining = owner_.draining();
  active.exchange->start(*listener.hosts, active.started_us, active.started_wall_ms);
}

bool ClientConnection::answer_refusal() {
  using Limit = ServerMetrics::Limit;
  const HeadResult& refusal = active_->refusal;
  if (refusal.status == 408) owner_.metrics().limit_hit(Limit::header_timeout);
  if (refusal.status == 414 || refusal.status == 431) owner_.metrics().limit_hit(Limit::request_head);
  return active_->exchange->refuse(refusal.status, refusal.reason, active_->task);
}

ClientConnection::Wait ClientConnection::end_exchange() {
  ExchangeRuntime& exchange = *active_->exchange;
  if (tunnel_ != nullptr) {
    after_ = After::tunnel;
    return Wait::nothing;
  }
  exchange.run_log_phase();
  owner_.metrics().request_ends(exchange.response().status);
  if (!exchange.has_background()) return after_background();
  exchange.watch_client(false);  // it has its response, whether it stays or not
  return Wait::background;
}

ClientConnection::Wait ClientConnection::after_background() {
  ExchangeRuntime& exchange = *active_->exchange;
  const bool reads_rest = active_->refusal.ok() && !exchange.aborted() && !exchange.body_finished();
  if (reads_rest) return Wait::body;
  leave_exchange(Rest::none);
  return Wait::nothing;
}

// leave_exchange decides what becomes of the connection, and frees what the exchange had; its arena, too.
void ClientConnection::leave_exchange(Rest of_body) {
  Active& active = *active_;
  ExchangeRuntime& exchange = *active.exchange;
  keepalive_timeout_ = exchange.location().core.keepalive_timeout;
  if (exchange.aborted()) {
    if (exchange.needs_reset()) stream_.reset_on_close();
    after_ = After::close;
  } else if (!active.refusal.ok() || of_body == Rest::unread) {
    after_ = After::linger;
  } else if (exchange.keeps_connection()) {
    after_ = After::idle;
  } else {
    const bool unread = exchange.has_bytes_behind() || exchange.body_refused();
    after_ = unread ? After::linger : After::close;
  }
  active.task = Task<Outcome>(Outcome::next());  // the frame goes before what it refers to
  active.exchange.reset();
}

Task<bool> ClientConnection::read_preface() {
  ByteBuffer& input = active_->input;
  const Tick deadline = stream_.loop().now() + static_cast<Tick>(listener_->hosts->default_server()->client_header_timeout.count());
  for (;;) {
    auto got = co_await stream_.read(deadline);
    if (!got && got.error().kind == ErrorKind::timeout) {
      owner_.metrics().limit_hit(ServerMetrics::Limit::header_timeout);
      co_return refuse_preface("timed out");
    }
    if (!got || got->empty()) co_return input.empty() ? false : refuse_preface("the connection ended");
    input.append({got->data(), got->size()});
    ProxyHeaderScan scan = scan_proxy_header(input.view());
    if (scan.state == ProxyHeaderScan::State::need_more) continue;
    if (scan.state == ProxyHeaderScan::State::refused) co_return refuse_preface(scan.reason);
    input.consume(scan.size);
    proxy_header_ = std::make_unique<ProxyHeader>(std::move(scan.header));
    preface_is_due_ = false;
    co_return true;
  }
}

bool ClientConnection::refuse_preface(std::string_view reason) {
  LOG(listener_->hosts->default_server()->root.log(), error, "broken header while reading PROXY protocol: ", reason, ", client: ",
      client_host(), ", server: ", listener_->listen.text);
  return false;
}

// read_head is done at once when the whole head is there, as it nearly always is.
bool ClientConnection::read_head() {
  Active& active = *active_;
  active.head = {};
  active.refusal = {};
  std::string_view block = active.input.view();
  const bool in_input = !block.empty();
  if (!in_input) {
    // Nothing may be there after all: then the connection is idle, and needs no Active.
    after_ = After::idle;
    auto got = stream_.try_read(Stream::scratch());
    if (!got) return true;
    if (!*got || (*got)->empty()) {
      after_ = After::close;
      return true;
    }
    block = {(*got)->data(), (*got)->size()};
  }
  const Clock& clock = Clock::of_thread();
  active.started_us = clock.now_us();
  active.started_wall_ms = clock.wall_ms();
  size_t used = 0;
  if (!take_whole_head(block, used)) {
    active.scanner.emplace(HeadScanner::Kind::request, scan_limits());
    const HeadScan scan = active.scanner->scan(block);
    if (scan.state == HeadScan::State::need_more) {
      if (!in_input) active.input.append(block);
      return false;
    }
    take_head(scan, block);
    if (scan.state == HeadScan::State::refused) return true;
    used = scan.end;
  }
  if (in_input) active.input.consume(used);
  else active.input.append(block.substr(used));
  return true;
}

// take_whole_head takes a head that is all there and well-formed. Otherwise it leaves no trace, and the scanner tells what is wrong.
bool ClientConnection::take_whole_head(std::string_view block, size_t& used) {
  Active& active = *active_;
  const size_t end = find_head_end(block);
  if (end == 0) return false;
  active.exchange.emplace(*this, active.arena, listener_->generation, stream_, active.input);
  active.head = active.arena.copy(block.substr(0, end));
  if (parse_head(active.head).ok()) {
    used = end;
    return true;
  }
  active.exchange.reset();
  active.head = {};
  return false;
}

HeadResult ClientConnection::parse_head(std::string_view text) {
  const VirtualServer& server = *listener_->hosts->default_server();
  RequestLimits limits;
  limits.uri_bytes = limits.line_bytes = static_cast<uint32_t>(server.large_client_header_bytes);
  limits.total_bytes = static_cast<uint32_t>(server.client_header_bytes);
  limits.max_fields = server.max_headers;
  limits.underscores_in_headers = server.underscores_in_headers;
  return parse_request_head(text, limits, active_->arena, active_->exchange->request());
}

// read_more_head goes on with active_->scanner.
Task<void> ClientConnection::read_more_head() {
  Active& active = *active_;
  HeadScanner& scanner = *active.scanner;
  const Tick deadline = stream_.loop().now() + static_cast<Tick>(listener_->hosts->default_server()->client_header_timeout.count());
  for (;;) {
    auto got = co_await stream_.read(deadline);
    if (!got && got.error().kind == ErrorKind::timeout && scanner.started()) {
      active.refusal = refuse(408, "the request head did not arrive in time");
      co_return;
    }
    if (!got || got->empty()) {
      after_ = After::close;
      co_return;
    }
    active.input.append({got->data(), got->size()});
    const HeadScan scan = scanner.scan(active.input.view());
    if (scan.state == HeadScan::State::need_more) continue;
    take_head(scan, active.input.view());
    if (scan.state == HeadScan::State::found) active.input.consume(scan.end);
    co_return;
  }
}

void ClientConnection::take_head(const HeadScan& scan, std::string_view block) {
  const size_t skipped = active_->scanner->skipped();
  if (scan.state == HeadScan::State::refused) active_->refusal = scan.refusal;
  else active_->head = active_->arena.copy(block.substr(skipped, scan.end - skipped));
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
