// The flow of one proxied request: where it goes, attempts one after the other, what is answered when none succeeds.

#include "upstream/proxy_handler.h"

#include <algorithm>
#include <charconv>

#include "http/via.h"
#include "upstream/attempt.h"
#include "upstream/local_end.h"
#include "upstream/retry_policy.h"
#include "upstream/upstream_module.h"

namespace sluice {

namespace {

// An upgrade is passed on for WebSockets only: any other protocol would be a tunnel past everything sluice checks (h2c smuggling).
bool wants_websocket(const RequestHead& request) {
  return request.wants_upgrade && request.method == Method::get && request.version == HttpVersion::http11 &&
         request.framing == BodyFraming::none && iequals(request.headers.value(HeaderId::upgrade), "websocket");
}

// body_is_gone: another handler of this exchange has passed on at least a part of it.
bool body_is_gone(const Exchange& exchange) { return exchange.has_body() && exchange.body_started() && !exchange.body_is_whole(); }

void add_body(Exchange& exchange, OutgoingRequest& outgoing) {
  if (body_is_gone(exchange)) return;
  if (exchange.body_read()) {
    outgoing.body = exchange.body();
    return;
  }
  outgoing.file = exchange.body_file();
  if (outgoing.file != nullptr) return;
  outgoing.chunked = exchange.request().framing == BodyFraming::chunked;
  outgoing.body = exchange.take_body_at_hand();
  outgoing.streams_body = !exchange.body_finished();
}

// is_last_hop: Max-Forwards says that OPTIONS goes no further than here (RFC 9110 section 7.6.2). Otherwise one hop is spent.
bool is_last_hop(RequestHead& request, Arena& arena) {
  const std::string_view text = request.headers.value(HeaderId::max_forwards);
  uint32_t hops = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hops);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (hops == 0) return true;
  request.headers.set(HeaderId::max_forwards, arena.concat(std::to_string(hops - 1)));
  return false;
}

int status_of(const AttemptResult& result) {
  switch (result.kind) {
    case AttemptResult::Kind::timeout: return 504;
    case AttemptResult::Kind::client_gone: return 499;
    default: return 502;
  }
}

ErrorKind kind_of(const AttemptResult& result) {
  switch (result.kind) {
    case AttemptResult::Kind::timeout: return ErrorKind::timeout;
    case AttemptResult::Kind::connect_failed: return ErrorKind::connect_failed;
    case AttemptResult::Kind::invalid_header: return ErrorKind::bad_message;
    default: return ErrorKind::closed;
  }
}

}  // namespace

// What clients do wrong is for the level info, except what a limit of ours refused.
void log_body_error(Exchange& exchange, const Error& error) {
  if (error.source == ErrorSource::client) {
    if (error.kind == ErrorKind::too_large) exchange.log_at(LogLevel::error, error.text);
    else if (error.kind == ErrorKind::bad_message) exchange.log_at(LogLevel::info, "client sent invalid request body: ", error.text);
    else exchange.log_at(LogLevel::info, error.text, " while reading client request body");
  }
  exchange.set_error(error.kind, error.source, error.text);
}

Task<Outcome> ProxyHandler::proxy(Exchange& exchange) const {
  if (exchange.request().method == Method::options && is_last_hop(exchange.request(), exchange.arena())) [[unlikely]] {
    co_return co_await exchange.respond(200, {}, {});
  }
  if (exchange.has_body() && wants_whole_body(exchange)) {
    auto body = co_await exchange.store_body();
    if (!body) {
      log_body_error(exchange, body.error());
      co_return Outcome::status(error_status(body.error()));
    }
  }
  ResolvedTarget target;
  OutgoingRequest outgoing;
  const Outcome chosen = choose_target(exchange, target);
  if (chosen.kind != Outcome::Kind::next) co_return chosen;
  if (!target.name.empty() && target.answer == nullptr) {
    const Outcome looked_up = co_await look_up(exchange, target);
    if (looked_up.kind != Outcome::Kind::next) co_return looked_up;
  }
  const Outcome prepared = prepare(exchange, target, outgoing);
  if (prepared.kind != Outcome::Kind::next) co_return prepared;
  PeersInUse peers(target.group->live_peers());
  UpstreamRequest request(exchange, *target.group);
  request.method = outgoing.method;
  const NextUpstreamPolicy policy(conf_, Clock::of_thread().now(), target.answer != nullptr ? target.answer->addresses.size() : 1);
  exchange.watch_client(!conf_.ignore_client_abort);
  for (;;) {
    PeerPool* pool = target.address_pool;
    if (target.answer != nullptr) {
      pool = &address_of_name(exchange, target, request);
    } else if (pool != nullptr) {
      request.target.name = target.address_text;
    } else {
      if (peers.renew(target.group->live_peers())) request.clear_tried();
      auto picked = target.group->pick(request);
      if (!picked) {
        exchange.watch_client(false);
        co_return not_picked(exchange, request, picked.error());
      }
      const Peer* peer = request.target.peer;
      pool = peer != nullptr ? target.group->pool_of(*peer) : &module_.pools().pool(request.target.address);
    }
    if (!conf_.bind.address.empty()) pool = bound_pool(exchange, *pool);
    ++request.tries;
    Attempt attempt(*this, request, *target.group, *pool, outgoing);
    std::optional<AttemptResult> judged;
    if (attempt.send_at_once()) {
      auto got = co_await attempt.first_bytes();
      judged = attempt.judge_first(got);
    }
    if (!judged) judged = co_await attempt.converse();
    const AttemptResult result = *judged;
    const bool has_head = result.kind == AttemptResult::Kind::success || result.kind == AttemptResult::Kind::http_status;
    if (!has_head) attempt.log_failure();
    if (result.kind != AttemptResult::Kind::success) {
      request.last_status = has_head ? result.status : status_of(result);
      request.last_failed = result.counts_as_failure;
      if (outgoing.replayable && policy.again(request, result)) {
        attempt.give_up(result);
        if (request.target.peer != nullptr) request.mark_tried(*request.target.peer);
        continue;
      }
    }
    if (!has_head) {
      attempt.give_up(result);
      exchange.watch_client(false);
      exchange.set_error(kind_of(result), attempt.client_status() != 0 ? ErrorSource::client : ErrorSource::upstream, attempt.error_text());
      co_return Outcome::status(attempt.client_status() != 0 ? attempt.client_status() : status_of(result));
    }
    Outcome outcome = divert(exchange, attempt.response());
    if (outcome.kind == Outcome::Kind::next) outcome = co_await attempt.relay(peers);
    else attempt.drop_response();
    exchange.watch_client(false);
    co_return outcome;
  }
}

// wants_whole_body: no peer is occupied before it is here (proxy_request_buffering); and HTTP/1.0 knows no chunks.
bool ProxyHandler::wants_whole_body(const Exchange& exchange) const {
  if (exchange.body_started() || conf_.body || !conf_.pass_request_body) return false;
  return conf_.request_buffering || (conf_.http10 && exchange.request().framing == BodyFraming::chunked);
}

// choose_target and prepare decide what is sent where; an outcome other than next() ends the request.
Outcome ProxyHandler::choose_target(Exchange& exchange, ResolvedTarget& target) const {
  const RequestHead& from = exchange.request();
  if (!conf_.body && conf_.pass_request_body && from.method != Method::get && from.method != Method::head && body_is_gone(exchange)) {
    exchange.log_at(LogLevel::error, "the request body cannot be sent again: a part of it was passed on already");
    return Outcome::status(502);
  }
  if (auto resolved = resolve(exchange, target); !resolved) {
    exchange.log_at(LogLevel::error, resolved.error().text);
    exchange.set_error(resolved.error().kind, ErrorSource::upstream, resolved.error().text);
    return Outcome::status(resolved.error().kind == ErrorKind::internal ? 500 : 502);
  }
  return Outcome::next();
}

Outcome ProxyHandler::prepare(Exchange& exchange, ResolvedTarget& target, OutgoingRequest& outgoing) const {
  const RequestHead& from = exchange.request();
  if (goes_in_circles(exchange, target)) [[unlikely]] {
    static constexpr std::string_view kLoop = "the request has been here before, as its Via says: a loop";
    exchange.log_at(LogLevel::error, kLoop);
    exchange.set_error(ErrorKind::internal, ErrorSource::internal, "loop detected");
    return Outcome::status(508);
  }
  const bool upgrade = wants_websocket(from);
  if (conf_.body) outgoing.body = conf_.body->eval(exchange);
  auto head = render_head(exchange, target, upgrade, outgoing.body);
  if (!head) {
    exchange.log_at(LogLevel::error, head.error().text);
    exchange.set_error(ErrorKind::internal, ErrorSource::internal, head.error().text);
    return Outcome::status(500);
  }
  outgoing.head = *head;
  outgoing.upgrade = upgrade;
  outgoing.method = conf_.method.empty() ? from.method : method_from(conf_.method.eval(exchange));
  if (!conf_.body && conf_.pass_request_body && exchange.has_body()) add_body(exchange, outgoing);
  return Outcome::next();
}

// bound_pool is the pool of connections to the same peer with the own address of proxy_bind.
PeerPool* ProxyHandler::bound_pool(Exchange& exchange, PeerPool& pool) const {
  const std::string_view text = conf_.bind.address.eval(exchange);
  if (text.empty()) return &pool;
  if (auto address = parse_local_address(text)) {
    return &module_.pools().pool(pool.address(), LocalEnd{std::move(*address), conf_.bind.transparent});
  }
  exchange.log_at(LogLevel::error, "invalid local address \"", text, '"');
  return &pool;
}

// leads_here: one of the addresses where the request may go is one where this configuration listens.
bool ProxyHandler::leads_here(const ResolvedTarget& target) const {
  const OwnAddresses& own = module_.own_addresses();
  if (target.address_pool != nullptr) return own.has(target.address_pool->address());
  if (target.answer == nullptr) return target.group->live_peers().current().is_own;
  const auto& addresses = target.answer->addresses;
  return std::any_of(addresses.begin(), addresses.end(), [&](const Address& one) { return own.has(one.with_port(target.port)); });
}

// goes_in_circles decides whether our entry in Via is needed, and whether there are too many of it. A configuration may well have one
// server of its own before another, but not without end.
bool ProxyHandler::goes_in_circles(Exchange& exchange, ResolvedTarget& target) const {
  static constexpr size_t kOwnRounds = 10;
  const bool to_ourselves = leads_here(target);
  if (conf_.via.empty() && !to_ourselves) return false;
  target.via = conf_.via.empty() ? kOwnName : std::string_view(conf_.via);
  return via_entries(exchange.request().headers, target.via) >= (to_ourselves ? kOwnRounds : 1);
}

Outcome ProxyHandler::not_picked(Exchange& exchange, const UpstreamRequest& request, const Error& error) const {
  // After failed attempts the client learns how the last one failed, not that nobody is left.
  if (request.tries > 0 && error.kind == ErrorKind::unavailable) {
    exchange.set_error(ErrorKind::unavailable, ErrorSource::upstream, error.text);
    return Outcome::status(request.last_status != 0 ? request.last_status : 502);
  }
  if (error.kind == ErrorKind::unavailable) {
    UpstreamAttemptRecord& record = exchange.add_attempt();
    record.address = request.upstream.name();
    record.status = 502;
    exchange.log_at(LogLevel::error, error.text, " while connecting to upstream");
  } else {
    exchange.log_at(LogLevel::error, error.text);
  }
  exchange.set_error(error.kind, ErrorSource::upstream, error.text);
  return Outcome::status(error.kind == ErrorKind::unavailable ? 502 : 500);
}

}  // namespace sluice
