#include <sluice/log/log.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <mutex>

#include "log/descriptor_sink.h"
#include "log/line.h"

namespace sluice {

namespace {

constexpr std::string_view kNames[] = {"",     "emerg",  "alert", "crit", "error",
                                       "warn", "notice", "info",  "debug"};

// spdlog has fewer levels; it only passes them on.
spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::stderr_:
    case LogLevel::emerg:
    case LogLevel::alert:
    case LogLevel::crit:
      return spdlog::level::critical;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::notice:
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::debug:
      return spdlog::level::debug;
  }
  return spdlog::level::critical;
}

}  // namespace

std::string_view log_level_name(LogLevel level) {
  auto index = static_cast<size_t>(level);
  return index < std::size(kNames) ? kNames[index] : std::string_view();
}

bool log_level_from(std::string_view name, LogLevel& out) {
  const auto* found = std::find(std::begin(kNames) + 1, std::end(kNames), name);
  if (found == std::end(kNames)) return false;
  out = static_cast<LogLevel>(found - std::begin(kNames));
  return true;
}

struct Logger::Sinks {
  mutable std::mutex mutex;
  std::vector<std::unique_ptr<DescriptorSink>> all;
  uint64_t dropped_before = 0;  // by destinations that are gone
  std::string line;             // kept for its capacity
};

Logger::Logger() : sinks_(std::make_unique<Sinks>()) {}
Logger::~Logger() = default;

void Logger::add(Destination destination) {
  std::lock_guard lock(sinks_->mutex);
  sinks_->all.push_back(std::make_unique<DescriptorSink>(destination));
  max_level_.store(std::max(level(), destination.level), std::memory_order_relaxed);
}

void Logger::clear() {
  std::lock_guard lock(sinks_->mutex);
  for (const auto& sink : sinks_->all) sinks_->dropped_before += sink->dropped();
  sinks_->all.clear();
  max_level_.store(LogLevel::stderr_, std::memory_order_relaxed);
}

void Logger::write(LogLevel level, std::string_view message, const LogContext* context) {
  std::lock_guard lock(sinks_->mutex);
  render_log_line(sinks_->line, level, message, context);
  spdlog::details::log_msg finished("", spdlog_level(level), sinks_->line);
  for (const auto& sink : sinks_->all) {
    if (sink->admits(level)) sink->write(level, finished);
  }
}

uint64_t Logger::dropped() const {
  std::lock_guard lock(sinks_->mutex);
  uint64_t total = sinks_->dropped_before;
  for (const auto& sink : sinks_->all) total += sink->dropped();
  return total;
}

// The one object of the process that is not made in main(): what is logged before main() or while it ends must go somewhere. It is
// never destroyed, so that destructors of other static objects may still log.
Logger& Logger::process() {
  static Logger& logger = *[] {
    static std::aligned_storage_t<sizeof(Logger), alignof(Logger)> place;
    auto* made = ::new (&place) Logger;
    made->add({STDERR_FILENO, LogLevel::notice});
    return made;
  }();
  return logger;
}

void print_console(LogLevel level, std::string_view text) {
  std::string line = "sluice: ";
  if (level != LogLevel::stderr_) line += concat('[', log_level_name(level), "] ");
  append_message(line, text);
  line += '\n';
  write_line(STDERR_FILENO, line);
}

}  // namespace sluice
