// What is answered when no handler made a response: the operator's error_page, or a small page of our own.

#include <cstring>

#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

namespace {

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

// The status that the client sees; some of ours are for the log only.
int visible_status(int status) { return status == 494 || status == 497 ? 400 : status; }

}  // namespace

int Exchange::forced_status() const { return static_cast<const ExchangeRuntime&>(*this).error_status_override_; }

// choose_error_page prepares the redirect that error_page asks for; Outcome::status(status) when there is none.
Outcome ExchangeRuntime::choose_error_page(int status) {
  const CoreConf& core = location_->core;
  error_status_override_ = 0;  // a page that fails is answered with its own status
  if (in_error_page_) return Outcome::status(status);
  for (const ErrorPage& page : core.error_pages) {
    if (page.status != status) continue;
    in_error_page_ = !core.recursive_error_pages;  // of the location that failed, as nginx has it
    error_status_override_ = page.overwrite < 0 ? status : page.overwrite;  // 0: take what the page's handler says
    response_.status = error_status_override_;  // $status
    std::string_view target = page.target.eval(*this);
    response_.status = 0;
    forget_entity(status);
    if (target.starts_with('@')) {
      if (set_named_location(target)) return Outcome::named();
      log_at(LogLevel::error, "could not find named location \"", target, "\"");
      return Outcome::status(500);
    }
    if (is_url(target)) {
      const int redirect = page.overwrite >= 301 && page.overwrite <= 308 ? page.overwrite : 302;
      error_status_override_ = 0;
      response_.headers.set(HeaderId::location, target);
      return Outcome::status(redirect);
    }
    // An internal redirect turns every method but HEAD into GET, as nginx does.
    if (request_.method != Method::head) set_method(Method::get, "GET");
    const size_t mark = target.find('?');
    set_uri(target.substr(0, mark));
    set_args(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
    return Outcome::internal_redirect();
  }
  return Outcome::status(status);
}

// The status that error_page wants, whose reason the page's own handler does not know.
void ExchangeRuntime::take_forced_status() {
  if (error_status_override_ == 0 || response_.status == error_status_override_) return;
  response_.status = error_status_override_;
  response_.reason = {};
}

// What a handler prepared for a response that did not happen must not describe the one that takes its place.
void ExchangeRuntime::forget_entity(int status) {
  for (HeaderId id : {HeaderId::content_length, HeaderId::content_encoding, HeaderId::etag, HeaderId::last_modified,
                      HeaderId::accept_ranges, HeaderId::transfer_encoding}) {
    response_.headers.remove(id);
  }
  if (status != 416) response_.headers.remove(HeaderId::content_range);  // 416 tells the size there
  response_.reason = {};
}

Task<Outcome> ExchangeRuntime::send_default_page(int status) {
  status = visible_status(status);
  forget_entity(status);
  if (status < 300) return respond(status, {}, {});
  if (status == 304) {
    response_.headers.remove(HeaderId::content_type);
    return respond(status, {}, {});
  }
  std::string_view reason = status_reason(status);
  char digits[8];
  std::string_view code(digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, status).ptr - digits));
  std::string_view signature = "sluice";
  if (const auto& own = location_->core.server_signature) signature = own->eval(*this);
  std::string_view body =
      arena_.concat("<html>\r\n<head><title>", code, reason.empty() ? "" : " ", reason, "</title></head>\r\n<body>\r\n<center><h1>", code,
                    reason.empty() ? "" : " ", reason, "</h1></center>\r\n<hr><center>", signature, "</center>\r\n</body>\r\n</html>\r\n");
  return respond(status, "text/html", body);
}

}  // namespace sluice
