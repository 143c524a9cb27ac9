// MimeTypes: what `types` blocks say: the Content-Type of a file by the extension of its name.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice {

class MimeTypes {
 public:
  // built_in are nginx's three: html, gif and jpg.
  static MimeTypes built_in();

  // set gives files with that extension (any case) a type; returns the one they had before, else an empty text.
  std::string set(std::string_view extension, std::string_view type);

  // find is the type of a file by its URI; empty when its extension is unknown. As in nginx, "/.name" has no extension.
  std::string_view find(std::string_view uri) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> types_;
  size_t longest_ = 0;
};

}  // namespace sluice
