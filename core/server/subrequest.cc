#include <sluice/server/subrequest.h>

#include "server/exchange_runtime.h"

namespace sluice {

namespace {

constexpr uint32_t kMaxDepth = 50;               // nginx's NGX_HTTP_MAX_SUBREQUESTS
constexpr uint64_t kMostDropped = 64 * 1024;     // of a body that nobody wants

void copy_fields(const Headers& from, Headers& to, SubrequestSpec::Body body) {
  for (const Header& field : from) {
    const bool frames = field.id == HeaderId::content_length || field.id == HeaderId::transfer_encoding || field.id == HeaderId::expect;
    if (field.removed || (frames && body == SubrequestSpec::Body::none)) continue;
    to.add(field);
  }
}

}  // namespace

// What runs beside an exchange: one flow each, in the order in which they were started.
struct ExchangeRuntime::Background {
  Background(Background* the_next, ExchangeRuntime& its_owner, Subrequest its_subrequest)
      : next(the_next), owner(its_owner), subrequest(std::move(its_subrequest)) {}
  Background* next;
  ExchangeRuntime& owner;
  Subrequest subrequest;
  Flow flow;  // last: it goes first

  static void ended(void* self) {
    ExchangeRuntime& owner = static_cast<Background*>(self)->owner;
    if (--owner.background_running_ == 0) owner.background_done_->set();
  }
};

ExchangeRuntime::ExchangeRuntime(ExchangeRuntime& parent, const SubrequestSpec& spec)
    : Exchange(parent.connection_, parent.arena_, parent.generation_), stream_(parent.stream_), input_(parent.input_) {
  parent_ = &parent;
  depth_ = parent.depth_ + 1;
  server_ = parent.server_;
  location_ = &server_->root;
  internal_ = true;
  uri_ = spec.uri;
  args_ = spec.args;
  uri_is_raw_ = false;
  captures = parent.captures;
  forwarded_client_ = parent.forwarded_client_;
  forwarded_host_ = parent.forwarded_host_;
  started_us_ = Clock::of_thread().now_us();
  started_wall_ms_ = Clock::of_thread().wall_ms();
  bytes_sent_before_ = stream_.bytes_written();
  parent.make_set_values();
  set_values_ = parent.set_values_;
  set_count_ = parent.set_count_;
  take_request(parent, spec);
}

void ExchangeRuntime::take_request(const ExchangeRuntime& parent, const SubrequestSpec& spec) {
  const RequestHead& from = parent.request_;
  const bool keeps_method = spec.method == SubrequestSpec::MethodOf::parent;
  request_.method = keeps_method ? from.method : Method::get;
  request_.method_text = keeps_method ? from.method_text : method_name(Method::get);
  request_.line = from.line;
  request_.target = from.target;
  request_.path = from.path;
  request_.query = from.query;
  request_.has_query = from.has_query;
  request_.authority = from.authority;
  request_.host = from.host;
  copy_fields(from.headers, request_.headers, spec.body);
  if (spec.body == SubrequestSpec::Body::none || !parent.body_read()) return;
  body_ = parent.body_;
  body_state_ = BodyState::buffered;
  request_.framing = BodyFraming::length;
  request_.content_length = body_.size();
}

bool ExchangeRuntime::run_phases(Task<Outcome>& wait) { return follow(enter_phases(Outcome::next()), wait); }

void ExchangeRuntime::end_subrequest() {
  if (response_.status == 0) response_.status = 500;
  if (location_->core.log_subrequest) run_log_phase();
}

// note_piece is what becomes of a subrequest's body.
Result<void> ExchangeRuntime::note_piece(const BodyPiece& piece) {
  body_bytes_sent_ += piece.data.size();
  if (piece.last) response_finished_ = true;
  if (body_bytes_sent_ <= kMostDropped) return {};
  return Error(ErrorKind::closed, "the rest of a subrequest's response is not wanted", ErrorSource::client);
}

void ExchangeRuntime::add_background(Subrequest subrequest) {
  if (background_done_ == nullptr) background_done_ = arena_.make<Signal>();
  background_done_->clear();
  backgrounds_ = arena_.make<Background>(backgrounds_, *this, std::move(subrequest));
  ++background_running_;
  backgrounds_->flow.start(run_subrequest(*backgrounds_->subrequest), &Background::ended, backgrounds_);
}

Task<void> ExchangeRuntime::background_done() {
  while (background_running_ > 0) co_await background_done_->wait();
}

void ExchangeRuntime::cancel_background() {
  for (Background* each = backgrounds_; each != nullptr; each = each->next) each->flow.cancel();
  background_running_ = 0;
}

void SubrequestEnd::operator()(Exchange* subrequest) const { ExchangeRuntime::of(*subrequest).~ExchangeRuntime(); }

Subrequest make_subrequest(Exchange& parent, const SubrequestSpec& spec) {
  auto& runtime = ExchangeRuntime::of(parent);
  if (runtime.depth() < kMaxDepth) {
    void* room = parent.arena().allocate(sizeof(ExchangeRuntime), alignof(ExchangeRuntime));
    return Subrequest(new (room) ExchangeRuntime(runtime, spec));
  }
  parent.log_at(LogLevel::error, "subrequests cycle while processing \"", spec.uri, '"');
  return nullptr;
}

Task<void> run_subrequest(Exchange& subrequest) {
  auto& runtime = ExchangeRuntime::of(subrequest);
  Task<Outcome> wait{Outcome::next()};
  bool waits = runtime.run_phases(wait);
  while (waits) {
    const Outcome outcome = co_await wait;
    waits = runtime.go_on(outcome, wait);
  }
  runtime.end_subrequest();
}

void run_in_background(Subrequest subrequest) {
  auto& parent = ExchangeRuntime::of(*subrequest->parent());
  parent.add_background(std::move(subrequest));
}

}  // namespace sluice
