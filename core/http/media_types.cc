#include <sluice/http/media_types.h>

#include <utility>

#include <sluice/base/strings.h>

namespace sluice {

bool MediaTypes::add(std::string_view type) {
  if (type == "*") return !std::exchange(all_, true);
  for (const std::string& known : types_) {
    if (iequals(known, type)) return false;
  }
  types_.emplace_back(type);
  return true;
}

bool MediaTypes::matches(std::string_view content_type) const {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (type.empty()) return false;
  if (all_) return true;
  for (const std::string& known : types_) {
    if (iequals(known, type)) return true;
  }
  return false;
}

}  // namespace sluice
