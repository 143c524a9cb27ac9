#include <sluice/base/clock.h>

#include <cstdio>
#include <ctime>

namespace sluice {

constinit thread_local Clock Clock::of_thread_;

void Clock::refresh() {
  timespec mono, wall;
  clock_gettime(CLOCK_MONOTONIC, &mono);
  clock_gettime(CLOCK_REALTIME, &wall);
  now_us_ = static_cast<uint64_t>(mono.tv_sec) * 1'000'000 + static_cast<uint64_t>(mono.tv_nsec) / 1000;
  now_ = now_us_ / 1000;
  wall_ms_ = static_cast<uint64_t>(wall.tv_sec) * 1000 + static_cast<uint64_t>(wall.tv_nsec) / 1'000'000;
}

void Clock::set_for_test(Tick now, uint64_t wall_ms) {
  now_ = now;
  now_us_ = now * 1000;
  wall_ms_ = wall_ms;
  rendered_second_ = -1;
}

std::string_view Clock::log_time() { render(); return log_time_; }
std::string_view Clock::local_time() { render(); return local_time_; }
std::string_view Clock::iso8601_time() { render(); return iso8601_time_; }

void Clock::render() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (rendered_second_ == wall_seconds()) return;
  rendered_second_ = wall_seconds();
  time_t seconds = static_cast<time_t>(rendered_second_);
  tm gmt{}, local{};
  gmtime_r(&seconds, &gmt);
  localtime_r(&seconds, &local);
  long offset = local.tm_gmtoff / 60;
  char sign = offset < 0 ? '-' : '+';
  unsigned offset_minutes = static_cast<unsigned>(offset < 0 ? -offset : offset);
  unsigned zone_hours = offset_minutes / 60 % 100, zone_minutes = offset_minutes % 60;
  auto two = [](int n) { return static_cast<unsigned>(n) % 100; };
  auto year = [](const tm& t) { return static_cast<unsigned>(t.tm_year + 1900) % 10000; };
  std::snprintf(http_date_, sizeof http_date_, "%s, %02u %s %04u %02u:%02u:%02u GMT", kDays[gmt.tm_wday], two(gmt.tm_mday),
                kMonths[gmt.tm_mon], year(gmt), two(gmt.tm_hour), two(gmt.tm_min), two(gmt.tm_sec));
  std::snprintf(log_time_, sizeof log_time_, "%04u/%02u/%02u %02u:%02u:%02u", year(local), two(local.tm_mon + 1),
                two(local.tm_mday), two(local.tm_hour), two(local.tm_min), two(local.tm_sec));
  std::snprintf(local_time_, sizeof local_time_, "%02u/%s/%04u:%02u:%02u:%02u %c%02u%02u", two(local.tm_mday),
                kMonths[local.tm_mon], year(local), two(local.tm_hour), two(local.tm_min), two(local.tm_sec), sign,
                zone_hours, zone_minutes);
  std::snprintf(iso8601_time_, sizeof iso8601_time_, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", year(local),
                two(local.tm_mon + 1), two(local.tm_mday), two(local.tm_hour), two(local.tm_min), two(local.tm_sec), sign,
                zone_hours, zone_minutes);
}

}  // namespace sluice
