#include "server/access_log.h"

#include <unistd.h>

#include <map>

#include <sluice/event/event_loop.h>

#include "server/log_escape.h"

namespace sluice {

namespace {

constexpr size_t kMaxPending = 4 << 20;  // of a file that takes nothing: what comes then is lost, and counted

// Lines waiting to be written to one file by this thread.
class LineBuffer final : private Posted, private Timer {
 public:
  explicit LineBuffer(int fd) : fd_(fd) {}

  // line gives the string to append one line to; queued must follow.
  std::string& text() { return text_; }

  void queued(const AccessLog& log) {
    if (text_.size() > kMaxPending || (log.buffer_bytes != 0 && text_.size() >= log.buffer_bytes)) return flush();
    if (log.buffer_bytes == 0) return EventLoop::current().post(static_cast<Posted&>(*this));
    if (log.flush_after.count() != 0 && !Timer::armed()) Timer::arm_after(log.flush_after);
  }

  void flush() {
    Timer::cancel();
    std::string_view rest = text_;
    while (!rest.empty()) {
      ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;
      rest.remove_prefix(static_cast<size_t>(written));
    }
    if (!rest.empty()) ++failures_;
    text_.clear();
  }

  uint64_t failures() const { return failures_; }

 private:
  void on_posted() override { flush(); }
  void on_timer() override { flush(); }

  int fd_;
  std::string text_;
  uint64_t failures_ = 0;
};

// Per thread, because a worker is a thread and a test has several; ordered by descriptor.
std::map<int, LineBuffer>& thread_buffers() {
  thread_local std::map<int, LineBuffer> buffers;
  return buffers;
}

}  // namespace

void LogFormat::render(Exchange& exchange, std::string& out) const {
  for (const Part& part : parts) {
    if (part.variable == nullptr) {
      out += part.literal;
      continue;
    }
    VariableValue value = part.variable->get(exchange);
    if (!value.found) {
      if (escape == LogEscape::standard) out.push_back('-');
    } else {
      append_escaped(out, value.text, escape);
    }
  }
}

void AccessLog::write(Exchange& exchange) const {
  if (!condition.empty()) {
    std::string_view wanted = condition.eval(exchange);
    if (wanted.empty() || wanted == "0") return;
  }
  if (fd < 0) return;
  LineBuffer& buffer = thread_buffers().try_emplace(fd, fd).first->second;
  format->render(exchange, buffer.text());
  buffer.text().push_back('\n');
  buffer.queued(*this);
}

void flush_access_logs() {
  for (auto& [fd, buffer] : thread_buffers()) buffer.flush();
}

uint64_t access_log_failures() {
  uint64_t total = 0;
  for (const auto& [fd, buffer] : thread_buffers()) total += buffer.failures();
  return total;
}

}  // namespace sluice
