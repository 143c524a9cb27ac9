#include "script_regex.h"

namespace sluice {

bool ScriptRegex::match(std::string_view subject, Exchange& exchange) const {
  const bool matches = regex_.match(subject, exchange);
  if (!matches) exchange.captures = {};
  if (conf_.logs(exchange)) {
    exchange.log_at(LogLevel::notice, '"', regex_.regex().pattern(), matches ? "\" matches \"" : "\" does not match \"", subject, '"');
  }
  return matches;
}

}  // namespace sluice
