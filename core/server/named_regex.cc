#include <sluice/server/named_regex.h>

#include <cstring>

namespace sluice {

Result<NamedRegex> NamedRegex::compile(ConfigBuilder& builder, const ConfigPlace& place, std::string_view pattern,
                                       Regex::Case letters) {
  auto regex = Regex::compile(pattern, letters);
  if (!regex) return config_error(place, regex.error().text);
  NamedRegex named(std::move(*regex));
  for (const auto& [name, group] : named.regex_.names()) {
    TRY_ASSIGN(const Variable* variable, builder.define_variable(place, name));
    named.variables_.emplace_back(variable, group);
  }
  return named;
}

bool NamedRegex::match(std::string_view subject, Exchange& exchange) const {
  std::span<const size_t> offsets;
  auto outcome = regex_.match(subject, offsets);
  if (outcome == Regex::Outcome::failed) exchange.log_at(LogLevel::alert, "pcre2_match() failed on \"", subject, "\" using \"", regex_.pattern(), '"');
  if (outcome != Regex::Outcome::match) return false;
  if (regex_.captures() == 0) {
    exchange.captures = {};  // those of an earlier match are not this one's
    return true;
  }

  auto* copy = static_cast<size_t*>(exchange.arena().allocate(offsets.size_bytes(), alignof(size_t)));
  std::memcpy(copy, offsets.data(), offsets.size_bytes());
  exchange.captures = Captures{subject, {copy, offsets.size()}};
  for (const auto& [variable, group] : variables_) {
    bool is_set = group * 2 + 1 < offsets.size() && copy[group * 2] != SIZE_MAX;
    std::string_view value = is_set ? subject.substr(copy[group * 2], copy[group * 2 + 1] - copy[group * 2]) : std::string_view("");
    variable->set(exchange, value);
  }
  return true;
}

}  // namespace sluice
