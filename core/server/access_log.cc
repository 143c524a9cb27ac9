#include "server/access_log.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <sluice/base/clock.h>
#include <sluice/event/event_loop.h>

#include "server/client_connection.h"
#include "server/log_escape.h"
#include "server/path_logs.h"

namespace sluice {

namespace {

thread_local uint64_t syslog_failures = 0;

constexpr size_t kMaxPending = 4 << 20;  // of a file that takes nothing: what comes then is lost, and counted

// Lines waiting to be written to one file by this thread.
class LineBuffer final : private Posted, private Timer {
 public:
  explicit LineBuffer(int fd) : fd_(fd) {}

  // text is what to add one line to; queued must follow.
  LogText& text() { return text_; }

  void queued(const AccessLog& log) {
    if (text_.size() > kMaxPending || (log.buffer_bytes != 0 && text_.size() >= log.buffer_bytes)) return flush();
    if (log.buffer_bytes == 0) return EventLoop::current().post(static_cast<Posted&>(*this));
    if (log.flush_after.count() != 0 && !Timer::armed()) Timer::arm_after(log.flush_after);
  }

  void flush() {
    Timer::cancel();
    std::string_view rest = text_.view();
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
  LogText text_;
  uint64_t failures_ = 0;
};

// Per thread, because a worker is a thread and a test has several; ordered by descriptor.
std::map<int, LineBuffer>& thread_buffers() {
  thread_local std::map<int, LineBuffer> buffers;
  return buffers;
}

// buffer_of is the file's buffer. Nearly always it is the one that was used last.
LineBuffer& buffer_of(int fd) {
  thread_local int last_fd = -1;
  thread_local LineBuffer* last = nullptr;
  if (fd != last_fd) {
    last = &thread_buffers().try_emplace(fd, fd).first->second;
    last_fd = fd;
  }
  return *last;
}

void add_decimal(uint64_t number, LogText& out) {
  char* const to = out.reserve(20);
  out.taken_to(std::to_chars(to, to + 20, number).ptr);
}

void add_status(int status, LogText& out) {
  if (status != 0 && (status < 100 || status > 999)) return add_decimal(static_cast<uint64_t>(status), out);
  char* const to = out.reserve(3);
  to[0] = static_cast<char>('0' + status / 100);
  to[1] = static_cast<char>('0' + status / 10 % 10);
  to[2] = static_cast<char>('0' + status % 10);
  out.taken_to(to + 3);
}

LogFormat::Op op_of(const Variable& variable) {
  using Op = LogFormat::Op;
  constexpr std::pair<std::string_view, Op> kOps[] = {
      {"remote_addr", Op::remote_addr}, {"remote_user", Op::remote_user}, {"time_local", Op::time_local},
      {"request", Op::request},         {"status", Op::status},           {"body_bytes_sent", Op::body_bytes_sent},
  };
  for (const auto& [name, op] : kOps) {
    if (variable.name() == name) return op;
  }
  const bool is_field = variable.number != 0 && variable.name().starts_with("http_");
  return is_field ? Op::http_field : Op::variable;
}

}  // namespace

void LogFormat::add_literal(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), ShortText::kBytes)))
    parts.emplace_back().literal = ShortText(text.substr(0, ShortText::kBytes));
}

void LogFormat::add_variable(const Variable& variable) {
  const bool behind_literal = !parts.empty() && parts.back().op == Op::none;
  Part& part = behind_literal ? parts.back() : parts.emplace_back();
  part.op = op_of(variable);
  part.variable = &variable;
  if (part.op == Op::http_field) part.field = static_cast<HeaderId>(variable.number);
}

void LogFormat::add_value(const VariableValue& value, LogText& out) const {
  if (value.found) append_escaped(out, value.text, escape);
  else if (escape == LogEscape::standard) out.push_back('-');
}

void LogFormat::add_op(const Part& part, Exchange& exchange, LogText& out) const {
  const Headers& fields = exchange.request().headers;
  switch (part.op) {
    case Op::none: return;
    case Op::remote_addr: return out.append(exchange.client_host());
    case Op::time_local: return out.append(Clock::of_thread().local_time());
    case Op::request: return append_escaped(out, exchange.request().line, escape);
    case Op::status: return add_status(exchange.response().status, out);
    case Op::body_bytes_sent: return add_decimal(exchange.body_bytes_sent(), out);
    case Op::remote_user:
      if (!fields.has(HeaderId::authorization)) return add_value({}, out);
      break;
    case Op::http_field: {
      const Header* const field = fields.find(part.field);
      if (field == nullptr) return add_value({}, out);
      if (fields.next(field) == nullptr) return append_escaped(out, field->value(), escape);
      break;
    }
    case Op::variable: break;
  }
  add_value(part.variable->get(exchange), out);
}

void LogFormat::render(Exchange& exchange, LogText& out) const {
  for (const Part& part : parts) {
    out.append(part.literal);
    add_op(part, exchange, out);
  }
}

void AccessLog::write(Exchange& exchange) const {
  if (!condition.empty()) {
    std::string_view wanted = condition.eval(exchange);
    if (wanted.empty() || wanted == "0") return;
  }
  if (fd < 0) return write_elsewhere(exchange);
  LineBuffer& buffer = buffer_of(fd);
  format->render(exchange, buffer.text());
  buffer.text().push_back('\n');
  buffer.queued(*this);
}

void AccessLog::write_elsewhere(Exchange& exchange) const {
  if (syslog != nullptr) {
    thread_local LogText line;
    line.clear();
    format->render(exchange, line);
    if (!syslog->send(line.view())) ++syslog_failures;
  } else if (!path.empty()) {
    LogText* text = PathLogs::of_thread().line(path.eval(exchange), exchange.location().core.log_file_cache);
    if (text == nullptr) return;
    format->render(exchange, *text);
    text->push_back('\n');
  }
}

void flush_access_logs() {
  for (auto& [fd, buffer] : thread_buffers()) buffer.flush();
  PathLogs::of_thread().close_all();
}

uint64_t access_log_failures() {
  uint64_t total = syslog_failures + PathLogs::of_thread().failures();
  for (const auto& [fd, buffer] : thread_buffers()) total += buffer.failures();
  return total;
}

}  // namespace sluice
