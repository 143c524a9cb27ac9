// The phases of an exchange, in their order. One place where it is decided what runs next.

#include <sluice/http/uri.h>
#include <sluice/server/redirect.h>

#include "server/access_log.h"
#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

namespace {

constexpr int kMaxRedirects = 10;  // nginx's NGX_HTTP_MAX_URI_CHANGES

const std::vector<const PhaseHandler*>& handlers_of(const Location& location, Phase phase) {
  return location.phases[static_cast<size_t>(phase)];
}

}  // namespace

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::server_rewrite: return "server_rewrite";
    case Phase::rewrite: return "rewrite";
    case Phase::preaccess: return "preaccess";
    case Phase::access: return "access";
    case Phase::precontent: return "precontent";
    case Phase::content: return "content";
    case Phase::log: return "log";
    case Phase::count: break;
  }
  return "unknown";
}

void ExchangeRuntime::start(const HostTable& hosts, uint64_t started_us, uint64_t started_wall_ms) {
  started_us_ = started_us;
  started_wall_ms_ = started_wall_ms;
  bytes_sent_before_ = stream_.bytes_written();
  server_ = hosts.find(request_.host, *this);
  location_ = &server_->root;
  keep_connection_ = request_.keep_alive;
  if (request_.framing == BodyFraming::chunked || (request_.framing == BodyFraming::length && request_.content_length > 0)) {
    body_state_ = BodyState::unread;
    body_left_ = request_.content_length;
  } else {
    request_.framing = BodyFraming::none;
  }
}

Task<void> ExchangeRuntime::run() {
  auto path = normalize_path(request_.path, location_->core.merge_slashes ? MergeSlashes::yes : MergeSlashes::no, arena_);
  if (!path) {
    keep_connection_ = false;
    set_error(ErrorKind::bad_message, ErrorSource::client, path.error().text);
    log_at(LogLevel::info, "client sent invalid request: ", path.error().text);
    co_await finish_with(Outcome::status(400));
    co_return;
  }
  uri_ = *path;
  args_ = request_.query;
  for (;;) {
    Outcome outcome = co_await run_phases();
    if (outcome.kind == Outcome::Kind::status && !head_sent_ && outcome.code >= 300 && outcome.code != 444 && outcome.code != 499) {
      outcome = choose_error_page(outcome.code);
      if (outcome.kind == Outcome::Kind::named || outcome.kind == Outcome::Kind::internal) {
        next_step_ = outcome;
        if (++redirects_ <= kMaxRedirects) continue;
        log_at(LogLevel::error, "rewrite or internal redirection cycle while processing \"", uri_, "\"");
        error_status_override_ = 0;
        outcome = Outcome::status(500);
      }
    }
    if (outcome.kind != Outcome::Kind::finished || !response_finished_) co_await finish_with(outcome);
    co_return;
  }
}

// run_phases runs until an outcome that ends the exchange, or a status. Where it begins is what next_step_ says: the first time and
// after an internal redirect with the server's rules, for a named location with its rewrite phase.
Task<Outcome> ExchangeRuntime::run_phases() {
  Outcome step = next_step_;
  next_step_ = Outcome::next();
  for (;;) {
    Phase phase = Phase::rewrite;
    if (step.kind == Outcome::Kind::named || step.kind == Outcome::Kind::internal) {
      internal_ = true;
      ++internal_redirects_;
    }
    if (step.kind != Outcome::Kind::named) {
      if (step.kind != Outcome::Kind::reroute) {
        location_ = &server_->root;
        phase = Phase::server_rewrite;
      } else {
        Outcome found = find_location();
        if (found.kind != Outcome::Kind::next) co_return found;
      }
    }
    if (phase == Phase::rewrite) {
      Outcome size = check_body_size();
      if (size.kind != Outcome::Kind::next) co_return size;
    }
    step = Outcome::next();
    while (phase < Phase::log && step.kind == Outcome::Kind::next) {
      const Location& place = *location_;
      for (const PhaseHandler* handler : handlers_of(place, phase)) {
        enter(handler->name());
        Task<Outcome> task = handler->run(*this);
        if (task.ready()) step = task.take();
        else step = co_await std::move(task);
        if (replacement_.kind != Outcome::Kind::next) step = std::exchange(replacement_, Outcome::next());
        if (step.kind != Outcome::Kind::next) break;
      }
      if (step.kind != Outcome::Kind::next) break;
      if (phase == Phase::server_rewrite) {
        step = find_location();
        if (step.kind == Outcome::Kind::next) step = check_body_size();
      }
      phase = static_cast<Phase>(static_cast<uint8_t>(phase) + 1);
    }
    switch (step.kind) {
      case Outcome::Kind::next:
        // Nobody made content.
        set_error(ErrorKind::not_found, ErrorSource::internal, "no content handler for this location");
        co_return Outcome::status(404);
      case Outcome::Kind::reroute:
      case Outcome::Kind::internal:
      case Outcome::Kind::named:
        if (++redirects_ > kMaxRedirects) {
          log_at(LogLevel::error, "rewrite or internal redirection cycle while processing \"", uri_, "\"");
          set_error(ErrorKind::internal, ErrorSource::internal, "rewrite or internal redirection cycle");
          co_return Outcome::status(500);
        }
        continue;
      default: co_return step;
    }
  }
}

Outcome ExchangeRuntime::find_location() {
  bool redirect = false;
  const Location* found = server_->locations->find(uri_, *this, redirect);
  if (redirect) return redirect_to_slash();
  location_ = found != nullptr ? found : &server_->root;
  if (location_->core.internal && !internal_) {
    location_ = &server_->root;
    return Outcome::status(404);
  }
  return Outcome::next();
}

Outcome ExchangeRuntime::redirect_to_slash() {
  std::string_view path = escape_uri(uri_, EscapeKind::uri, arena_);
  std::string_view target = args_.empty() ? arena_.concat(path, "/") : arena_.concat(path, "/?", args_);
  response_.headers.set(HeaderId::location, absolute_location(*this, target));
  return Outcome::status(301);
}

Outcome ExchangeRuntime::check_body_size() {
  const uint64_t limit = location_->core.client_max_body_size;
  if (body_refused_ || limit == 0 || body_state_ != BodyState::unread || request_.framing != BodyFraming::length || request_.content_length <= limit) {
    return Outcome::next();
  }
  keep_connection_ = false;
  // What answers instead (error_page) gets a request without a body; the client's is read and dropped at the end.
  body_refused_ = true;
  body_state_ = BodyState::none;
  connection_.count_limit(ServerMetrics::Limit::request_body);
  log_at(LogLevel::error, "client intended to send too large body: ", request_.content_length, " bytes");
  set_error(ErrorKind::too_large, ErrorSource::client, "request body over client_max_body_size");
  request_.framing = BodyFraming::none;
  return Outcome::status(413);
}

Task<void> ExchangeRuntime::finish_with(Outcome outcome) {
  if (outcome.kind == Outcome::Kind::status) {
    if (outcome.code == 444 || outcome.code == 499) {
      response_.status = outcome.code;
      outcome = Outcome::abort();
    } else if (head_sent_) {
      // A response has begun: what is missing can only be shown by closing the connection.
      outcome = Outcome::abort();
    } else {
      outcome = co_await send_default_page(outcome.code);
      if (replacement_.kind == Outcome::Kind::status && !head_sent_) {
        const int status = std::exchange(replacement_, Outcome::next()).code;
        filters_off_ = true;
        outcome = co_await send_default_page(status);
      }
    }
  }
  if (outcome.kind == Outcome::Kind::abort) {
    aborted_ = true;
    co_return;
  }
  if (!response_finished_) {
    auto ended = co_await finish();
    if (!ended) aborted_ = true;
  }
}

Task<void> ExchangeRuntime::refuse(int status, const char* reason) {
  keep_connection_ = false;
  set_error(ErrorKind::bad_message, ErrorSource::client, reason);
  log_at(LogLevel::info, "client sent invalid request: ", reason);
  co_await finish_with(Outcome::status(status));
}

void ExchangeRuntime::client_left() {
  aborted_ = true;
  if (!head_sent_) response_.status = 499;
  set_error(ErrorKind::closed, ErrorSource::client, "client closed the connection");
}

bool ExchangeRuntime::run_log_phase() {
  if (std::exchange(logged_, true)) return false;
  for (const PhaseHandler* handler : handlers_of(*location_, Phase::log)) {
    enter(handler->name());
    Task<Outcome> task = handler->run(*this);
    if (!task.ready()) log_at(LogLevel::alert, handler->name(), " waits in the log phase");
  }
  for (const auto& log : location_->core.access_logs) log->write(*this);
  return true;
}

}  // namespace sluice
