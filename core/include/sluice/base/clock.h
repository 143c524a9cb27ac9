// The clock of a thread: read from the system once per turn of the event loop and then cached.
//
// Ticks are milliseconds of CLOCK_MONOTONIC and never jump; they serve every deadline. Wall time serves logs and headers only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/base/api.h>

namespace sluice {

using Milliseconds = std::chrono::milliseconds;

// A point on the monotonic clock, in milliseconds. Zero means "never".
using Tick = uint64_t;

class SLUICE_API Clock {
 public:
  // of_thread is the calling thread's cached clock.
  static Clock& of_thread() {
    if (of_thread_.now_us_ == 0) [[unlikely]] of_thread_.refresh();
    return of_thread_;
  }

  // refresh reads both system clocks. The event loop calls it once per turn; Lua's ngx.update_time calls it too.
  void refresh();

  Tick now() const { return now_; }
  uint64_t now_us() const { return now_us_; }          // monotonic, microseconds
  uint64_t wall_ms() const { return wall_ms_; }        // milliseconds since the Unix epoch
  int64_t wall_seconds() const { return static_cast<int64_t>(wall_ms_ / 1000); }

  // Texts that change at most once a second; valid until the next refresh.
  // http_date is "Fri, 20 Nov 2026 12:00:00 GMT" (RFC 9110 section 5.6.7).
  std::string_view http_date() {
    if (rendered_second_ != wall_seconds()) render();
    return {http_date_, kHttpDateBytes};
  }
  std::string_view log_time();      // "2026/11/20 12:00:00", local, nginx's error log
  std::string_view local_time();    // "20/Nov/2026:12:00:00 +0000", nginx's $time_local
  std::string_view iso8601_time();  // "2026-11-20T12:00:00+00:00", nginx's $time_iso8601

  // set_for_test replaces both clocks until the next refresh.
  void set_for_test(Tick now, uint64_t wall_ms);

 private:
  void render();

  static constexpr size_t kHttpDateBytes = 29;
  SLUICE_THREAD_LOCAL static constinit thread_local Clock of_thread_;

  Tick now_ = 0;
  uint64_t now_us_ = 0;
  uint64_t wall_ms_ = 0;
  int64_t rendered_second_ = -1;
  char http_date_[32] = {};
  char log_time_[24] = {};
  char local_time_[32] = {};
  char iso8601_time_[32] = {};
};

}  // namespace sluice
