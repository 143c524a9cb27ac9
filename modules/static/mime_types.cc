#include "mime_types.h"

#include <algorithm>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

std::string_view extension_of(std::string_view uri) {
  const size_t at = uri.find_last_of("./");
  constexpr size_t kFirst = 2;  // behind "/" and one byte of a name
  if (at == std::string_view::npos || at < kFirst || uri[at] == '/' || uri[at - 1] == '/') return {};
  return uri.substr(at + 1);
}

}  // namespace

MimeTypes MimeTypes::built_in() {
  MimeTypes types;
  types.set("html", "text/html");
  types.set("gif", "image/gif");
  types.set("jpg", "image/jpeg");
  return types;
}

std::string MimeTypes::set(std::string_view extension, std::string_view type) {
  longest_ = std::max(longest_, extension.size());
  std::string& stored = types_[lower(extension)];
  std::string before = std::move(stored);
  stored = type;
  return before;
}

std::string_view MimeTypes::find(std::string_view uri) const {
  const std::string_view extension = extension_of(uri);
  constexpr size_t kUsual = 64;
  if (extension.empty() || extension.size() > longest_) return {};
  char few[kUsual];
  std::string many;
  std::string_view key;
  if (extension.size() <= kUsual) {
    std::transform(extension.begin(), extension.end(), few, to_lower);
    key = {few, extension.size()};
  } else {
    key = many = lower(extension);
  }
  auto found = types_.find(key);
  return found == types_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace sluice
