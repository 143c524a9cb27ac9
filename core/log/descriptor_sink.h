// DescriptorSink: a spdlog sink that writes finished lines to a borrowed descriptor and never waits for it.
#pragma once

#include <spdlog/sinks/sink.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include <sluice/log/log.h>

namespace sluice {

// write_line writes all of `line` to fd, with one write(2) when the kernel takes it whole; false when part of it was lost.
// A pipe, socket or terminal that is full is not waited for.
bool write_line(int fd, std::string_view line);

// The line is the payload of the message: its form is nginx's, so spdlog's patterns and formatters are not used.
class DescriptorSink final : public spdlog::sinks::sink {
 public:
  explicit DescriptorSink(Logger::Destination destination) : destination_(std::move(destination)) {}

  bool admits(LogLevel level) const { return level <= destination_.level; }
  LogLevel admitted_level() const { return destination_.level; }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  void write(LogLevel level, const spdlog::details::log_msg& message) {
    if (destination_.sink == nullptr) return log(message);
    if (!destination_.sink->write(level, {message.payload.data(), message.payload.size()})) dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  void log(const spdlog::details::log_msg& message) override {
    std::string_view line(message.payload.data(), message.payload.size());
    if (!write_line(destination_.fd, line)) dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  Logger::Destination destination_;
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace sluice
