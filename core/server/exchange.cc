#include <sluice/server/exchange.h>

#include <cstring>

#include <sluice/base/hash.h>

#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

namespace {

// The exchange whose handler was entered last on this thread; for the obituary of a worker that hangs or crashes.
thread_local const Exchange* running_exchange = nullptr;

}  // namespace

const Exchange* running_exchange_of_thread() { return running_exchange; }

Exchange::Exchange(ClientConnection& connection, Arena& arena, std::shared_ptr<const Generation> generation)
    : connection_(connection), arena_(arena), generation_(std::move(generation)), request_(arena), response_(arena) {
  const uint32_t slots = generation_->exchange_slots();
  if (slots > 0) {
    slots_ = static_cast<void**>(arena_.allocate(slots * sizeof(void*), alignof(void*)));
    std::memset(slots_, 0, slots * sizeof(void*));
  }
}

ExchangeRuntime::~ExchangeRuntime() {
  if (running_exchange == this) running_exchange = nullptr;
  // What modules put into the arena may have destructors in a module's library: they run while the generation still holds it.
  if (parent_ == nullptr) arena_.reset();
}

void Exchange::enter(std::string_view handler) {
  running_handler_ = handler;
  running_exchange = this;
}

EventLoop& Exchange::loop() { return connection_.stream().loop(); }
const Address& Exchange::connection_address() const { return connection_.client_address(); }
std::string_view Exchange::connection_host() const { return connection_.client_host(); }
const ProxyHeader* Exchange::proxy_header() const { return connection_.proxy_header(); }

std::string_view Exchange::client_host() const { return forwarded_client_ != nullptr ? forwarded_host_ : connection_.client_host(); }

void Exchange::set_client_address(const Address& address) {
  CHECK(!address.is_unix());
  forwarded_client_ = new (arena_.allocate(sizeof(Address), alignof(Address))) Address(address);  // nothing to destroy in one of IP
  forwarded_host_ = arena_.copy(address.host_text());
}

const Address& Exchange::server_address() { return connection_.server_address(); }
uint64_t Exchange::connection_number() const { return connection_.number(); }
uint64_t Exchange::connection_requests() const { return connection_.requests(); }

uint64_t Exchange::bytes_sent() const {
  const auto& self = static_cast<const ExchangeRuntime&>(*this);
  return self.sent_on_connection();
}

Exchange& ExchangeRuntime::root_of(Exchange& exchange) {
  Exchange* root = &exchange;
  while (root->parent() != nullptr) root = root->parent();
  return *root;
}

std::string_view ExchangeRuntime::request_id() {
  if (parent_ != nullptr) return of(root_of(*this)).request_id();
  if (!request_id_.empty()) return request_id_;
  constexpr size_t kBytes = 16;
  unsigned char random[kBytes];
  random_bytes(random, kBytes);
  char* out = arena_.allocate_chars(kBytes * 2);
  constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < kBytes; ++i) {
    out[2 * i] = kHex[random[i] >> 4];
    out[2 * i + 1] = kHex[random[i] & 15];
  }
  return request_id_ = {out, kBytes * 2};
}

void Exchange::set_uri(std::string_view uri) {
  uri_ = arena_.copy(uri);
  uri_is_raw_ = false;
}

void Exchange::set_args(std::string_view args) {
  args_ = arena_.copy(args);
  uri_is_raw_ = false;
}

void Exchange::set_method(Method method, std::string_view text) {
  request_.method = method;
  request_.method_text = arena_.copy(text);
}

bool Exchange::set_named_location(std::string_view name) {
  const Location* location = server_->locations->find_named(name);
  if (location == nullptr) return false;
  location_ = location;
  return true;
}

void Exchange::make_set_values() {
  if (set_values_ != nullptr) return;
  set_count_ = generation_->set_variables();
  set_values_ = static_cast<std::string_view*>(arena_.allocate(set_count_ * sizeof(std::string_view), alignof(std::string_view)));
  for (uint32_t i = 0; i < set_count_; ++i) new (&set_values_[i]) std::string_view();
}

void Exchange::store_set_value(uint32_t index, std::string_view value) {
  make_set_values();
  set_values_[index] = value;
}

UpstreamAttemptRecord& Exchange::add_attempt() {
  auto* record = arena_.make<UpstreamAttemptRecord>();
  (last_attempt_ == nullptr ? first_attempt_ : last_attempt_->next) = record;
  last_attempt_ = record;
  return *record;
}

void Exchange::set_error(ErrorKind kind, ErrorSource source, std::string_view cause) {
  if (!error_cause_.empty()) return;
  error_kind_ = kind;
  error_source_ = source;
  error_cause_ = arena_.copy(cause);
}

void Exchange::append_log_context(std::string& line) const {
  line += ", client: ";
  line += client_host();
  if (server_ != nullptr) {
    line += ", server: ";
    line += server_->primary_name;
  }
  if (!request_.line.empty()) {
    line += ", request: \"";
    line += request_.line;
    line += '"';
  }
  if (parent_ != nullptr) {
    line += ", subrequest: \"";
    line += uri_;
    line += '"';
  }
  if (last_attempt_ != nullptr && !last_attempt_->address.empty()) {
    line += ", upstream: \"http://";
    line += last_attempt_->address;
    line += uri_;
    line += '"';
  }
  if (!request_.authority.empty()) {
    line += ", host: \"";
    line += request_.authority;
    line += '"';
  }
  if (auto referer = request_.headers.value(HeaderId::referer); !referer.empty()) {
    line += ", referrer: \"";
    line += referer;
    line += '"';
  }
}

int error_status(const Error& error) {
  const bool client = error.source == ErrorSource::client;
  switch (error.kind) {
    case ErrorKind::timeout: return client ? 408 : 504;
    case ErrorKind::too_large: return client ? 413 : 502;
    case ErrorKind::bad_message: return client ? 400 : 502;
    case ErrorKind::closed:
    case ErrorKind::reset:
    case ErrorKind::cancelled: return client ? 499 : 502;
    case ErrorKind::connect_failed:
    case ErrorKind::unavailable: return 502;
    default: return 500;
  }
}

}  // namespace sluice
