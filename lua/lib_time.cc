#include "lib_time.h"

#include <ctime>
#include <string_view>

#include <sluice/base/clock.h>
#include <sluice/http/date.h>

#include "lib_text.h"

namespace sluice {

namespace {

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

// The argument, a time, as HTTP writes it; raises when it is none.
std::string_view http_date_argument(lua_State* L, char (&out)[kHttpDateBytes]) {
  if (lua_type(L, 1) != LUA_TNUMBER) luaL_error(L, "number argument only");
  lua_Number number = lua_tonumber(L, 1);
  constexpr lua_Number kLast = 253402300799.0;  // 9999-12-31 23:59:59, beyond which the formats have no year
  if (!(number >= 0 && number <= kLast)) luaL_error(L, "time out of range");
  format_http_date(static_cast<int64_t>(number), out);
  return {out, kHttpDateBytes};
}

// As nginx writes `expires` of cookies: dashes in the date, and two digits of the year until 2037.
int lua_cookie_time(lua_State* L) {
  char date[kHttpDateBytes];
  constexpr size_t kMonthAt = 8, kYearAt = 12;
  std::string_view all = http_date_argument(L, date);
  date[kMonthAt - 1] = date[kYearAt - 1] = '-';
  const bool short_year = all.substr(kYearAt, 4) <= "2037";
  lua_pushlstring(L, date, kYearAt);
  lua_pushlstring(L, date + kYearAt + (short_year ? 2 : 0), all.size() - kYearAt - (short_year ? 2 : 0));
  lua_concat(L, 2);
  return 1;
}

int lua_http_time(lua_State* L) {
  char date[kHttpDateBytes];
  std::string_view all = http_date_argument(L, date);
  lua_pushlstring(L, all.data(), all.size());
  return 1;
}

int lua_parse_http_time(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return luaL_error(L, "string argument only");
  const auto seconds = parse_http_date(text_argument(L, 1));
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
