// ModuleIndex: which shipped .so has which directive, provider or trigger. A text file beside the modules, made when they are built:
//
//   module NAME FILE            directive NAME FILE
//   provider KIND NAME FILE     trigger NAME FILE
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>

namespace sluice {

class ModuleIndex {
 public:
  ModuleIndex() = default;
  // parse's error names the line: `invalid line N in module index`.
  static Result<ModuleIndex> parse(std::string_view text);

  // files_for_directive gives the files that have it, then those that it triggers.
  const std::vector<std::string>& files_for_directive(std::string_view name) const;
  const std::string* file_for_provider(std::string_view kind, std::string_view name) const;
  // module_of gives the name of the module in a file; empty when unknown.
  std::string_view module_of(std::string_view file) const;
  std::vector<std::string_view> directive_names() const;
  std::vector<std::string> files() const;

 private:
  bool add_line(const std::vector<std::string_view>& words);

  std::map<std::string, std::vector<std::string>, std::less<>> by_directive_;
  std::map<std::string, bool, std::less<>> directives_;
  std::map<std::string, std::string, std::less<>> providers_;  // "KIND NAME"
  std::map<std::string, std::string, std::less<>> modules_;    // by file
};

}  // namespace sluice
