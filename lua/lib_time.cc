#include "lib_time.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>

#include <sluice/base/clock.h>

#include "lib_text.h"

namespace sluice {

namespace {

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int lua_time(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(Clock::of_thread().wall_seconds()));
  return 1;
}

int lua_now(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(Clock::of_thread().wall_ms()) / 1000);
  return 1;
}

int lua_update_time(lua_State*) {
  Clock::of_thread().refresh();
  return 0;
}

tm broken_down(tm* (*convert)(const time_t*, tm*)) {
  time_t seconds = Clock::of_thread().wall_seconds();
  tm out{};
  convert(&seconds, &out);
  return out;
}

int push_time(lua_State* L, const char* format, const tm& time) {
  char text[32];
  lua_pushlstring(L, text, std::strftime(text, sizeof text, format, &time));
  return 1;
}

int lua_today(lua_State* L) { return push_time(L, "%Y-%m-%d", broken_down(localtime_r)); }
int lua_localtime(lua_State* L) { return push_time(L, "%Y-%m-%d %H:%M:%S", broken_down(localtime_r)); }
int lua_utctime(lua_State* L) { return push_time(L, "%Y-%m-%d %H:%M:%S", broken_down(gmtime_r)); }

// The argument as a broken-down UTC time; raises when it is none.
tm utc_argument(lua_State* L) {
  if (lua_type(L, 1) != LUA_TNUMBER) luaL_error(L, "number argument only");
  lua_Number number = lua_tonumber(L, 1);
  constexpr lua_Number kLast = 253402300799.0;  // 9999-12-31 23:59:59, beyond which the formats have no year
  if (!(number >= 0 && number <= kLast)) luaL_error(L, "time out of range");
  auto seconds = static_cast<time_t>(number);
  tm out{};
  gmtime_r(&seconds, &out);
  return out;
}

// As nginx writes `expires` of cookies: two digits of the year until 2037.
int lua_cookie_time(lua_State* L) {
  tm time = utc_argument(L);
  int year = time.tm_year + 1900;
  char text[64];
  int size = std::snprintf(text, sizeof text, year > 2037 ? "%s, %02d-%s-%04d %02d:%02d:%02d GMT" : "%s, %02d-%s-%02d %02d:%02d:%02d GMT",
                           kDays[time.tm_wday], time.tm_mday, kMonths[time.tm_mon].data(), year > 2037 ? year : year % 100, time.tm_hour,
                           time.tm_min, time.tm_sec);
  lua_pushlstring(L, text, static_cast<size_t>(size));
  return 1;
}

// RFC 9110 section 5.6.7, IMF-fixdate.
int lua_http_time(lua_State* L) {
  tm time = utc_argument(L);
  char text[64];
  int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[time.tm_wday], time.tm_mday,
                           kMonths[time.tm_mon].data(), time.tm_year + 1900, time.tm_hour, time.tm_min, time.tm_sec);
  lua_pushlstring(L, text, static_cast<size_t>(size));
  return 1;
}

// DateReader reads the three forms of RFC 9110 section 5.6.7 from left to right; `good` turns false at the first mistake.
struct DateReader {
  std::string_view rest;
  bool good = true;

  void skip(char c) {
    good = good && !rest.empty() && rest.front() == c;
    if (good) rest.remove_prefix(1);
  }
  int digits(size_t count) {
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest.size() <= i || rest[i] < '0' || rest[i] > '9') good = false;
      if (!good) return 0;
      value = value * 10 + rest[i] - '0';
    }
    rest.remove_prefix(count);
    return value;
  }
  // asctime pads the day with a space.
  int padded_day() {
    if (!rest.starts_with(' ')) return digits(2);
    rest.remove_prefix(1);
    return digits(1);
  }
  int month() {
    for (size_t i = 0; i < kMonths.size(); ++i) {
      if (!rest.starts_with(kMonths[i])) continue;
      rest.remove_prefix(3);
      return static_cast<int>(i);
    }
    good = false;
    return 0;
  }
  void clock(tm& out) {
    out.tm_hour = digits(2);
    skip(':');
    out.tm_min = digits(2);
    skip(':');
    out.tm_sec = digits(2);
  }
};

void read_imf_or_rfc850(DateReader& in, tm& out) {
  while (in.rest.starts_with(' ')) in.rest.remove_prefix(1);
  out.tm_mday = in.digits(2);
  char separator = in.rest.starts_with('-') ? '-' : ' ';
  in.skip(separator);
  out.tm_mon = in.month();
  in.skip(separator);
  if (separator == ' ') {
    out.tm_year = in.digits(4) - 1900;
  } else {
    int year = in.digits(2);
    out.tm_year = year < 70 ? year + 100 : year;
  }
  in.skip(' ');
  in.clock(out);
}

void read_asctime(DateReader& in, tm& out) {
  out.tm_mon = in.month();
  in.skip(' ');
  out.tm_mday = in.padded_day();
  in.skip(' ');
  in.clock(out);
  in.skip(' ');
  out.tm_year = in.digits(4) - 1900;
}

bool is_calendar_date(const tm& time) {
  constexpr int kLength[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = time.tm_year + 1900;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  int length = kLength[time.tm_mon] + (time.tm_mon == 1 && leap ? 1 : 0);
  return year >= 1970 && time.tm_mday >= 1 && time.tm_mday <= length && time.tm_hour <= 23 && time.tm_min <= 59 && time.tm_sec <= 59;
}

std::optional<time_t> parse_http_time(std::string_view text) {
  DateReader in{text};
  tm time{};
  if (size_t comma = text.find(','); comma != std::string_view::npos) {
    in.rest.remove_prefix(comma + 1);
    read_imf_or_rfc850(in, time);
  } else {
    size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    in.rest.remove_prefix(space + 1);
    read_asctime(in, time);
  }
  if (!in.good || !is_calendar_date(time)) return std::nullopt;
  return timegm(&time);
}

int lua_parse_http_time(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return luaL_error(L, "string argument only");
  std::optional<time_t> seconds = parse_http_time(text_argument(L, 1));
  if (seconds) {
    lua_pushnumber(L, static_cast<lua_Number>(*seconds));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

// The clock of the loop, read once per turn, as ngx.now() is.
int lua_monotonic_msec(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(Clock::of_thread().now()));
  return 1;
}

int lua_monotonic_time(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(Clock::of_thread().now()) / 1000.0);
  return 1;
}

constexpr luaL_Reg kModuleFunctions[] = {
    {"monotonic_msec", lua_monotonic_msec},
    {"monotonic_time", lua_monotonic_time},
    {nullptr, nullptr},
};

constexpr luaL_Reg kFunctions[] = {
    {"time", lua_time},
    {"now", lua_now},
    {"update_time", lua_update_time},
    {"today", lua_today},
    {"localtime", lua_localtime},
    {"utctime", lua_utctime},
    {"cookie_time", lua_cookie_time},
    {"http_time", lua_http_time},
    {"parse_http_time", lua_parse_http_time},
    {nullptr, nullptr},
};

}  // namespace

void install_time(lua_State* L) {
  add_functions(L, kFunctions);
  lua_newtable(L);
  add_functions(L, kModuleFunctions);
  publish_module(L, "resty.core.time");
}

}  // namespace sluice
