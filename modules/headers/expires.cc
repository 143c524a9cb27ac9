#include "expires.h"

#include <ctime>

#include <sluice/base/clock.h>
#include <sluice/conf/units.h>
#include <sluice/http/date.h>

namespace sluice {

namespace {

constexpr int64_t kDay = 24 * 60 * 60;

Error bad(std::string_view text) { return Error(ErrorKind::config, std::string(text)); }

// next_time_of_day is the next moment at which local clocks show so many seconds since midnight.
int64_t next_time_of_day(int64_t seconds, int64_t now) {
  const auto current = static_cast<time_t>(now);
  tm local{};
  ::localtime_r(&current, &local);
  local.tm_hour = static_cast<int>(seconds / 3600);
  local.tm_min = static_cast<int>(seconds / 60 % 60);
  local.tm_sec = static_cast<int>(seconds % 60);
  local.tm_isdst = -1;
  const int64_t today = ::mktime(&local);
  if (today > now) return today;
  ++local.tm_mday;
  local.tm_isdst = -1;
  return ::mktime(&local);
}

void set_fields(Exchange& exchange, std::string_view expires, std::string_view cache_control) {
  exchange.response().headers.set(HeaderId::expires, expires);
  exchange.response().headers.set(HeaderId::cache_control, cache_control);
}

}  // namespace

Result<Expires> Expires::parse(std::string_view text, Kind base) {
  Expires value{base, 0};
  if (base != Kind::from_change) {
    if (text == "epoch") return Expires{Kind::epoch, 0};
    if (text == "max") return Expires{Kind::max, 0};
    if (text == "off") return Expires{Kind::off, 0};
  }
  const bool minus = text.starts_with('-');
  if (text.starts_with('@')) {
    if (base == Kind::from_change) return bad("daily time cannot be used with \"modified\" parameter");
    value.kind = Kind::daily;
  }
  if (minus || text.starts_with('+') || text.starts_with('@')) text.remove_prefix(1);
  const auto time = parse_time_s(text);
  if (!time) return bad("invalid value");
  value.seconds = minus ? -time->count() : time->count();
  if (value.kind == Kind::daily && value.seconds > kDay) return bad("daily time value must be less than 24 hours");
  return value;
}

void Expires::apply(Exchange& exchange) const {
  const int64_t now = Clock::of_thread().wall_seconds();
  int64_t moment = now + seconds;
  switch (kind) {
    case Kind::off: return;
    case Kind::epoch: return set_fields(exchange, "Thu, 01 Jan 1970 00:00:01 GMT", "no-cache");
    case Kind::max: return set_fields(exchange, "Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000");
    case Kind::from_now: break;
    case Kind::from_change:
      if (auto changed = parse_http_date(exchange.response().headers.value(HeaderId::last_modified)); changed && seconds != 0) {
        moment = *changed + seconds;
      }
      break;
    case Kind::daily: moment = next_time_of_day(seconds, now); break;
  }
  char* date = exchange.arena().allocate_chars(kHttpDateBytes);
  format_http_date(moment, date);
  const bool past = (kind != Kind::daily && seconds < 0) || moment < now;
  set_fields(exchange, {date, kHttpDateBytes}, past ? std::string_view("no-cache") : exchange.arena().concat("max-age=", std::to_string(moment - now)));
}

}  // namespace sluice
