#include "server/log_formats.h"

#include <sluice/base/strings.h>

#include "server/value_compiler.h"

namespace sluice {

namespace {

constexpr std::string_view kCombined =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

Result<void> compile_into(LogFormat& format, VariableTable& variables, const ConfigPlace& place, std::string_view text) {
  while (!text.empty()) {
    size_t dollar = text.find('$');
    if (dollar != 0) format.add_literal(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    TRY_ASSIGN(std::string_view name, next_variable_name(place, text));
    format.add_variable(*variables.use(place, name));
  }
  return {};
}

}  // namespace

Result<void> LogFormats::define(VariableTable& variables, const ConfigPlace& place, std::string_view name, LogEscape escape,
                                std::string_view text) {
  Entry& entry = formats_[std::string(name)];
  if (entry.defined || name == "combined") return config_error(place, concat("duplicate \"log_format\" name \"", name, '"'));
  entry.defined = true;
  entry.format->escape = escape;
  return compile_into(*entry.format, variables, place, text);
}

std::shared_ptr<const LogFormat> LogFormats::use(VariableTable& variables, const ConfigPlace& place, std::string_view name) {
  auto found = formats_.find(name);
  if (found != formats_.end()) return found->second.format;
  Entry& entry = formats_[std::string(name)];
  entry.first_use = place;
  if (name == "combined") entry.defined = compile_into(*entry.format, variables, place, kCombined).ok();
  return entry.format;
}

std::vector<Error> LogFormats::undefined() const {
  std::vector<Error> errors;
  for (const auto& [name, entry] : formats_) {
    if (!entry.defined) errors.push_back(config_error(entry.first_use, concat("unknown log format \"", name, '"')));
  }
  return errors;
}

}  // namespace sluice
