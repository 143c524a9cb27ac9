#include "conf/nginx_names.h"

#include <algorithm>

#include <sluice/base/strings.h>

#include "nginx_list.h"

namespace sluice {

namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// A name "ssl_*" means a family.
bool means(std::string_view name, std::string_view directive) {
  return name.ends_with('*') ? directive.starts_with(name.substr(0, name.size() - 1)) : name == directive;
}

bool lists(std::string_view names, std::string_view directive) {
  while (!(names = trim(names)).empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    if (means(name, directive)) return true;
    names.remove_prefix(name.size());
  }
  return false;
}

}  // namespace

std::optional<std::string_view> why_missing(std::string_view directive, std::string_view list) {
  bool known = false;
  while (!list.empty()) {
    const std::string_view line = take_line(list);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.starts_with('#') || line.starts_with('!')) continue;
    const std::string_view behind = trim(line.substr(colon + 1));
    if (!line.starts_with("- ")) {
      known = known || lists(behind, directive);
    } else if (lists(line.substr(1, colon - 1), directive)) {
      return behind;
    }
  }
  return known ? std::optional<std::string_view>("not there yet") : std::nullopt;
}

std::optional<std::string_view> why_missing(std::string_view directive) { return why_missing(directive, kNginxList); }

}  // namespace sluice
