// The text of one error log line, in nginx's form.
#pragma once

#include <string>
#include <string_view>

#include <sluice/log/log.h>

namespace sluice {

inline constexpr size_t kMaxLogLineBytes = 65536;

// append_message appends text, keeping \n, \t and bytes from 0x80; other control bytes become \xXX.
void append_message(std::string& line, std::string_view text);

// append_context appends text with every byte outside 0x20..0x7e as \xXX.
void append_context(std::string& line, std::string_view text);

// render_log_line fills `line` with the finished line and its \n; at most kMaxLogLineBytes.
void render_log_line(std::string& line, LogLevel level, std::string_view message, const LogContext* context);

}  // namespace sluice
