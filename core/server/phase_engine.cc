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

bool ExchangeRuntime::run(Task<Outcome>& wait) {
  auto path = normalize_path(request_.path, location_->core.merge_slashes ? MergeSlashes::yes : MergeSlashes::no, arena_);
  if (!path) {
    keep_connection_ = false;
    set_error(ErrorKind::bad_message, ErrorSource::client, path.error().text);
    log_at(LogLevel::info, "client sent invalid request: ", path.error().text);
    return end_with(Outcome::status(400), wait);
  }
  uri_ = *path;
  args_ = request_.query;
  return run_phases(wait);
}

bool ExchangeRuntime::go_on(Outcome outcome, Task<Outcome>& wait) {
  return ending_ ? page_sent(outcome, wait) : follow(judged(outcome), wait);
}

// follow does what the last step asked for, and what comes then, until something has to wait or the exchange ends.
bool ExchangeRuntime::follow(Outcome step, Task<Outcome>& wait) {
  for (;;) {
    switch (step.kind) {
      case Outcome::Kind::allowed:
        pass_access();
        step = Outcome::next();
        continue;
      case Outcome::Kind::next: {
        if (handler_ == handlers_end_) {
          step = leave_phase();
          continue;
        }
        const PhaseHandler* handler = *handler_++;
        enter(handler->name());
        Task<Outcome> task = handler->run(*this);
        if (!task.ready()) {
          wait = std::move(task);
          return true;
        }
        step = judged(task.take());
        continue;
      }
      case Outcome::Kind::reroute:
      case Outcome::Kind::internal:
      case Outcome::Kind::named:
        if (++redirects_ <= kMaxRedirects) {
          step = enter_phases(step);
          continue;
        }
        log_at(LogLevel::error, "rewrite or internal redirection cycle while processing \"", uri_, "\"");
        set_error(ErrorKind::internal, ErrorSource::internal, "rewrite or internal redirection cycle");
        step = Outcome::status(500);
        continue;
      case Outcome::Kind::status:
        if (asks_other_access_handlers(step.code)) {
          step = Outcome::next();
          continue;
        }
        if (head_sent_ || step.code < 300 || step.code == 444 || step.code == 499) return end_with(step, wait);
        step = choose_error_page(step.code);
        if (step.kind != Outcome::Kind::named && step.kind != Outcome::Kind::internal) return end_with(step, wait);
        if (++redirects_ <= kMaxRedirects) {
          step = enter_phases(step);
          continue;
        }
        log_at(LogLevel::error, "rewrite or internal redirection cycle while processing \"", uri_, "\"");
        error_status_override_ = 0;
        return end_with(Outcome::status(500), wait);
      default: return end_with(step, wait);
    }
  }
}

// judged is what a handler decided, or what a header filter decided behind its back.
Outcome ExchangeRuntime::judged(Outcome outcome) {
  if (replacement_.kind == Outcome::Kind::next) [[likely]] return outcome;
  return take_replacement();
}

// take_replacement: nothing of the response that a header filter refused may show in the one that takes its place.
Outcome ExchangeRuntime::take_replacement() {
  response_.headers.clear();
  response_.reason = {};
  trailers_ = nullptr;
  return std::exchange(replacement_, Outcome::next());
}

// `satisfy any`: who may pass by one handler passes, whatever others said.
void ExchangeRuntime::pass_access() {
  if (phase_ != Phase::access || !location_->core.satisfy_any) return;
  handler_ = handlers_end_;
  if (refused_access_ == 401) response_.headers.remove(HeaderId::www_authenticate);
  refused_access_ = 0;
}

// A 401 asks for a name and a password, so it is what the client is told in the end, even when others said 403.
bool ExchangeRuntime::asks_other_access_handlers(int status) {
  if (phase_ != Phase::access || !location_->core.satisfy_any || (status != 401 && status != 403) || head_sent_ || ending_) return false;
  if (refused_access_ != 401) refused_access_ = status;
  return true;
}

// enter_phases places the exchange where the phases begin: the first time and after an internal redirect with the server's rules, after
// a reroute with the new location's, for a named location with its own.
Outcome ExchangeRuntime::enter_phases(Outcome why) {
  refused_access_ = 0;
  if (why.kind == Outcome::Kind::named || why.kind == Outcome::Kind::internal) {
    internal_ = true;
    location_matches_ = true;
    ++internal_redirects_;
  }
  if (why.kind == Outcome::Kind::next || why.kind == Outcome::Kind::internal) {
    location_ = &server_->root;
    enter_phase(Phase::server_rewrite);
    return Outcome::next();
  }
  if (why.kind == Outcome::Kind::reroute) {
    if (Outcome found = find_location(); found.kind != Outcome::Kind::next) return found;
  } else {
    limit_methods();
  }
  enter_phase(Phase::rewrite);
  return check_body_size();
}

void ExchangeRuntime::enter_phase(Phase phase) {
  const auto& handlers = handlers_of(*location_, phase);
  phase_ = phase;
  handler_ = handlers.data();
  handlers_end_ = handler_ + handlers.size();
}

void ExchangeRuntime::enter_branch(const Location& inside) {
  const auto done = handler_ - handlers_of(*location_, phase_).data();
  location_ = &inside;
  enter_phase(phase_);
  handler_ += done;
}

void Exchange::end_scripts() {
  auto& self = static_cast<ExchangeRuntime&>(*this);
  self.handler_ = handlers_of(*location_, self.phase_).data() + location_->scripts;
}

// leave_phase goes to the next phase that has handlers.
Outcome ExchangeRuntime::leave_phase() {
  if (refused_access_ != 0) {
    phase_ = Phase::precontent;
    const int status = std::exchange(refused_access_, 0);
    if (status == 403) log_at(LogLevel::error, "access forbidden by rule");
    return Outcome::status(status);
  }
  if (phase_ == Phase::server_rewrite) {
    if (Outcome found = find_location(); found.kind != Outcome::Kind::next) return found;
    if (Outcome size = check_body_size(); size.kind != Outcome::Kind::next) return size;
  }
  while (phase_ < Phase::content) {
    enter_phase(static_cast<Phase>(static_cast<uint8_t>(phase_) + 1));
    // Who may pass was decided for the parent.
    if (phase_ == Phase::access && parent_ != nullptr) continue;
    if (handler_ != handlers_end_) return Outcome::next();
  }
  // Nobody made content.
  set_error(ErrorKind::not_found, ErrorSource::internal, "no content handler for this location");
  return Outcome::status(404);
}

Outcome ExchangeRuntime::find_location() {
  seeks_location_ = false;
  bool redirect = false;
  const Location* found = server_->locations->find(uri_, *this, redirect);
  location_ = found != nullptr ? found : &server_->root;
  if (redirect) return redirect_to_slash();
  if (location_->core.internal && !internal_) {
    location_ = &server_->root;
    return Outcome::status(404);
  }
  limit_methods();
  return Outcome::next();
}

void ExchangeRuntime::limit_methods() {
  const MethodLimit* limit = location_->method_limit.get();
  if (limit != nullptr && (limit->methods & static_cast<uint32_t>(request_.method)) == 0) location_ = limit->others.get();
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

bool ExchangeRuntime::end_with(Outcome outcome, Task<Outcome>& wait) {
  if (outcome.kind == Outcome::Kind::status) {
    if (outcome.code == 444 || outcome.code == 499) {
      response_.status = outcome.code;
      timed_out_ = outcome.code == 444;
    } else if (!head_sent_) {
      return send_page(outcome.code, wait);
    }
    // A response that has begun: what is missing can only be shown by closing the connection.
    outcome = Outcome::abort();
  }
  return end_response(outcome, wait);
}

bool ExchangeRuntime::send_page(int status, Task<Outcome>& wait) {
  ending_ = true;
  wait = send_default_page(status);
  return !wait.ready() || page_sent(wait.take(), wait);
}

bool ExchangeRuntime::page_sent(Outcome outcome, Task<Outcome>& wait) {
  if (replacement_.kind == Outcome::Kind::status && !head_sent_) {
    filters_off_ = true;
    return send_page(take_replacement().code, wait);
  }
  return end_response(outcome, wait);
}

// end_response sends the end of a response that has none yet.
bool ExchangeRuntime::end_response(Outcome outcome, Task<Outcome>& wait) {
  if (outcome.kind == Outcome::Kind::abort) aborted_ = true;
  if (aborted_ || response_finished_) return false;
  ending_ = true;
  Task<Result<void>> sent = finish();
  if (!sent.ready()) {
    wait = await_sent(std::move(sent));
    return true;
  }
  if (!sent.take()) aborted_ = true;
  return false;
}

bool ExchangeRuntime::refuse(int status, const char* reason, Task<Outcome>& wait) {
  keep_connection_ = false;
  set_error(ErrorKind::bad_message, ErrorSource::client, reason);
  log_at(LogLevel::info, "client sent invalid request: ", reason);
  return end_with(Outcome::status(status), wait);
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
