#include "log/line.h"

#include <unistd.h>

#include <sluice/base/clock.h>

namespace sluice {

namespace {

void append_escaped(std::string& line, unsigned char byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  const char escape[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
  line.append(escape, sizeof escape);
}

// A predicate per alphabet, so that runs of plain bytes are appended at once.
template <class Plain>
void append_with(std::string& line, std::string_view text, Plain plain) {
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (plain(byte)) continue;
    line.append(text, run, i - run);
    append_escaped(line, byte);
    run = i + 1;
  }
  line.append(text, run);
}

}  // namespace

void append_message(std::string& line, std::string_view text) {
  append_with(line, text, [](unsigned char b) { return (b >= 0x20 && b != 0x7f) || b == '\n' || b == '\t'; });
}

void append_context(std::string& line, std::string_view text) {
  append_with(line, text, [](unsigned char b) { return b >= 0x20 && b < 0x7f; });
}

void render_log_line(std::string& line, LogLevel level, std::string_view message, const LogContext* context) {
  line.clear();
  line += Clock::of_thread().log_time();
  for (std::string_view part : {std::string_view(" ["), log_level_name(level), std::string_view("] ")})
    line += part;
  detail::append_part(line, getpid());
  line += '#';
  detail::append_part(line, gettid());
  line += ": ";
  if (context != nullptr && context->log_connection() != 0) {
    line += '*';
    detail::append_part(line, context->log_connection());
    line += ' ';
  }
  append_message(line, message.substr(0, kMaxLogLineBytes));
  if (context != nullptr) {
    std::string about;
    context->append_log_context(about);
    append_context(line, std::string_view(about).substr(0, kMaxLogLineBytes));
  }
  if (line.size() >= kMaxLogLineBytes) line.resize(kMaxLogLineBytes - 1);
  line += '\n';
}

}  // namespace sluice
