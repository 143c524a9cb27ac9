// The error log: nginx's levels and line form.
//
//   2026/11/20 12:00:00 [error] 123#123: *7 message, client: 127.0.0.1, server: x, request: "GET / HTTP/1.1", ...
//
// A Logger has any number of destinations with a level each. A line is written with one write(2) before `write` returns, so that
// it is there before the response ends. A destination that cannot take a line now (full disk, stuck pipe) loses it and counts it:
// logging never waits and never fails.
//
// Escaping: the message keeps \n and \t (Lua tracebacks) and bytes from 0x80 (UTF-8) and has every other control byte as \xXX; the
// context, which quotes what clients sent, has every byte outside 0x20..0x7e as \xXX. A line is capped at 64 KB.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/strings.h>

namespace sluice {

// Values are those of ngx.STDERR .. ngx.DEBUG.
enum class LogLevel : uint8_t { stderr_ = 0, emerg = 1, alert, crit, error, warn, notice, info, debug };

SLUICE_API std::string_view log_level_name(LogLevel level);                  // "emerg", "error", ...; "" for stderr_ as in nginx
SLUICE_API bool log_level_from(std::string_view name, LogLevel& out);       // nginx's names: debug info notice warn error crit alert emerg

// What a line is about: appended to the message.
class LogContext {
 public:
  virtual uint64_t log_connection() const = 0;               // the number after '*'; 0 = none
  virtual void append_log_context(std::string& line) const = 0;  // ", client: ..., server: ..."

 protected:
  ~LogContext() = default;
};

// LogSink is a destination that is no file: a syslog server.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // write gives one line, newline included; false when it was lost. Never waits; called under the logger's lock.
  virtual bool write(LogLevel level, std::string_view line) = 0;
};

class SLUICE_API Logger {
 public:
  struct Destination {
    int fd = -1;                     // borrowed; stays the same number when the file is reopened
    LogLevel level = LogLevel::error;
    std::shared_ptr<LogSink> sink = nullptr;  // in place of fd; of several loggers
  };

  Logger();
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // add and clear may be called while other threads write. Without destinations a line goes nowhere.
  void add(Destination destination);
  void clear();
  bool enabled(LogLevel level) const { return level <= this->level(); }
  LogLevel level() const { return max_level_.load(std::memory_order_relaxed); }  // the most talkative destination's
  // write gives the line to every destination whose level admits it. `context` may be null.
  void write(LogLevel level, std::string_view message, const LogContext* context = nullptr);
  uint64_t dropped() const;  // lines that a destination lost, in whole or in part

  // process is the log of this process: standard error at level notice until the configuration says otherwise.
  static Logger& process();

 private:
  struct Sinks;
  std::unique_ptr<Sinks> sinks_;
  std::atomic<LogLevel> max_level_{LogLevel::stderr_};
};

// print_console writes "sluice: [emerg] text" to standard error: what the command line says before any log is open, in nginx's form.
// Level stderr_ leaves the bracket out: "sluice: text".
SLUICE_API void print_console(LogLevel level, std::string_view text);

}  // namespace sluice

// LOG(logger, level, parts...): joins the parts (strings, characters, integers) only if the level is enabled.
#define LOG(logger, level_name, ...)                                                                  \
  do {                                                                                                \
    auto& log_target_ = (logger);                                                                     \
    if (log_target_.enabled(::sluice::LogLevel::level_name)) [[unlikely]]                             \
      log_target_.write(::sluice::LogLevel::level_name, ::sluice::concat(__VA_ARGS__));               \
  } while (0)
// LOG_WITH(logger, level, context, parts...): the same with a LogContext.
#define LOG_WITH(logger, level_name, context, ...)                                                    \
  do {                                                                                                \
    auto& log_target_ = (logger);                                                                     \
    if (log_target_.enabled(::sluice::LogLevel::level_name)) [[unlikely]]                             \
      log_target_.write(::sluice::LogLevel::level_name, ::sluice::concat(__VA_ARGS__), &(context));   \
  } while (0)
