// ErrorLogLine: the arguments of `error_log`, the same at every level.
#pragma once

#include <string>

#include <sluice/conf/directive.h>
#include <sluice/log/log.h>

#include "server/syslog_target.h"

namespace sluice {

struct ErrorLogLine {
  std::string path;  // or "stderr", or "syslog:..."
  LogLevel level = LogLevel::error;
  std::shared_ptr<SyslogTarget> syslog;  // of the latter

  // is_file: the path is a file's.
  static bool is_file(std::string_view path) { return path != "stderr" && !path.starts_with(SyslogTarget::kPrefix); }
};

// parse_error_log's errors: `invalid log level "x"`, those of SyslogTarget::parse, `"error_log" to "memory:" is not supported`.
Result<ErrorLogLine> parse_error_log(const DirectiveUse& use);

}  // namespace sluice
