#include "redirect_answer.h"

#include <sluice/server/redirect.h>

namespace sluice {

Outcome redirect_answer(Exchange& exchange, int status, std::string_view target) {
  if (!header_value_is_safe(target)) {
    exchange.log_at(LogLevel::error, "unsafe redirect target was refused");
    return Outcome::status(500);
  }
  if (!target.empty()) exchange.response().headers.set(HeaderId::location, absolute_location(exchange, target));
  return Outcome::status(status);
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

}  // namespace sluice
