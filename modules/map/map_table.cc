#include "map_table.h"

#include <sluice/base/strings.h>

namespace sluice {

Result<std::unique_ptr<MapTable>> MapTable::from_directive(DirectiveUse& use) {
  auto map = std::make_unique<MapTable>();
  ConfigBuilder& builder = use.block.builder();
  TRY_ASSIGN(map->source_, builder.compile(use.node.place, use.arg(0)));
  // What is said about the whole counts for every line, wherever it stands.
  for (const auto& line : use.node.children) {
    if (line->has_block) return config_error(line->place, "unexpected \"{\"");
    if (line->args.empty() && line->name == "hostnames") map->hostnames_ = true;
    if (line->args.empty() && line->name == "volatile") map->volatile_ = true;
  }
  for (const auto& line : use.node.children) TRY(map->add_line(builder, *line));
  map->values_.close();
  return map;
}

Result<void> MapTable::add_line(ConfigBuilder& builder, const ConfigNode& line) {
  if (line.args.empty() && (line.name == "hostnames" || line.name == "volatile")) return {};
  if (line.args.size() != 1) return config_error(line.place, "invalid number of the map parameters");
  TRY_ASSIGN(const uint32_t value, values_.add(builder, line.place, line.args[0]));
  std::string_view key = line.name;
  if (key == "default") {
    if (default_) return config_error(line.place, "duplicate default map parameter");
    default_ = value;
    return {};
  }
  if (key.starts_with('~')) return add_pattern(builder, line, key.substr(1), value);
  if (key.starts_with('\\')) key.remove_prefix(1);
  return add_text(line, key, value);
}

Result<void> MapTable::add_pattern(ConfigBuilder& builder, const ConfigNode& line, std::string_view pattern, uint32_t value) {
  const bool ignores_case = pattern.starts_with('*');
  if (ignores_case) pattern.remove_prefix(1);
  TRY_ASSIGN(NamedRegex regex, NamedRegex::compile(builder, line.place, pattern,
                                                   ignores_case ? Regex::Case::ignored : Regex::Case::sensitive));
  patterns_.push_back({std::move(regex), value});
  return {};
}

Result<void> MapTable::add_text(const ConfigNode& line, std::string_view text, uint32_t value) {
  const std::string key = lower(text);
  HostLine host = hostnames_ ? add_host(key, value) : HostLine::ordinary;
  if (host == HostLine::ordinary) host = exact_.add(key, value) ? HostLine::added : HostLine::taken;
  if (host == HostLine::invalid) return config_error(line.place, concat("invalid hostname or wildcard \"", text, '"'));
  if (host == HostLine::taken) return config_error(line.place, concat("conflicting parameter \"", text, '"'));
  return {};
}

MapTable::HostLine MapTable::add_host(const std::string& name, uint32_t value) {
  const std::string_view text = name;
  const size_t star = text.find('*');
  if (text.find("..") != text.npos || text.find('\0') != text.npos) return HostLine::invalid;
  auto outcome = [](bool added) { return added ? HostLine::added : HostLine::taken; };
  if (star == text.npos) {
    if (text.size() < 2 || !text.starts_with('.')) return HostLine::ordinary;
    // ".example.com" is the name itself and all below it.
    return outcome(exact_.add(text.substr(1), value) && behind_.add(text.substr(1), value));
  }
  if (text.find('*', star + 1) != text.npos) return HostLine::invalid;
  if (text.size() > 2 && text.starts_with("*.")) return outcome(behind_.add(text.substr(2), value));
  if (text.size() > 2 && text.ends_with(".*")) return outcome(in_front_.add(text.substr(0, text.size() - 2), value));
  return HostLine::invalid;
}

VariableValue MapTable::compute(Exchange& exchange) const {
  auto found = find(exchange, source_.eval(exchange));
  if (!found) found = default_;
  return found ? values_[*found].eval(exchange) : std::string_view("");
}

std::optional<uint32_t> MapTable::find(Exchange& exchange, std::string_view source) const {
  if (hostnames_ && source.ends_with('.')) source.remove_suffix(1);
  if (hostnames_ || source.size() <= exact_.longest()) {
    constexpr size_t kUsual = 256;
    char few[kUsual];
    char* lowered = source.size() <= kUsual ? few : exchange.arena().allocate_chars(source.size());
    for (size_t i = 0; i < source.size(); ++i) lowered[i] = to_lower(source[i]);
    const std::string_view key(lowered, source.size());
    auto found = exact_.find(key);
    if (!found && hostnames_) found = find_host(key);
    if (found) return found;
  }
  if (source.empty()) return {};
  for (const Pattern& pattern : patterns_) {
    if (pattern.regex.match(source, exchange)) return pattern.value;
  }
  return {};
}

// Names longer than every entry are cut without a look: a source of nothing but dots costs no more than its length.
std::optional<uint32_t> MapTable::find_host(std::string_view name) const {
  if (!behind_.empty()) {
    for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
      if (dot == 0) continue;
      if (auto found = behind_.find(name.substr(dot + 1))) return found;
    }
  }
  if (in_front_.empty()) return {};
  for (size_t dot = name.rfind('.'); dot != name.npos && dot != 0; dot = name.rfind('.', dot - 1)) {
    if (dot + 1 == name.size()) continue;
    if (auto found = in_front_.find(name.substr(0, dot))) return found;
  }
  return {};
}

}  // namespace sluice
