// ErrorLogLine: the arguments of `error_log`, the same at every level.
#pragma once

#include <string>

#include <sluice/conf/directive.h>
#include <sluice/log/log.h>

namespace sluice {

struct ErrorLogLine {
  std::string path;  // or "stderr"
  LogLevel level = LogLevel::error;
};

// parse_error_log's errors: `invalid log level "x"`, `"error_log" to "syslog:..." is not supported yet`.
Result<ErrorLogLine> parse_error_log(const DirectiveUse& use);

}  // namespace sluice
