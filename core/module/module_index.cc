#include "module/module_index.h"

#include <sluice/base/strings.h>

namespace sluice {

namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!(line = trim(line)).empty()) {
    size_t end = line.find_first_of(" \t");
    words.push_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end);
  }
  return words;
}

}  // namespace

Result<ModuleIndex> ModuleIndex::parse(std::string_view text) {
  ModuleIndex index;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t feed = text.find('\n');
    std::string_view line = trim(text.substr(0, feed));
    text.remove_prefix(feed == std::string_view::npos ? text.size() : feed + 1);
    if (line.empty() || line.front() == '#') continue;
    if (!index.add_line(words_of(line))) return Error(ErrorKind::config, concat("invalid line ", number, " in module index"), ErrorSource::config);
  }
  return index;
}

bool ModuleIndex::add_line(const std::vector<std::string_view>& words) {
  std::string_view kind = words[0];
  if (kind == "provider") {
    if (words.size() != 4) return false;
    providers_[concat(words[1], ' ', words[2])] = words[3];
    return true;
  }
  if (words.size() != 3) return false;
  if (kind == "module") {
    modules_[std::string(words[2])] = words[1];
    return true;
  }
  if (kind != "directive" && kind != "trigger") return false;
  auto& files = by_directive_[std::string(words[1])];
  files.insert(kind == "directive" ? files.begin() : files.end(), std::string(words[2]));
  if (kind == "directive") directives_[std::string(words[1])] = true;
  return true;
}

const std::vector<std::string>& ModuleIndex::files_for_directive(std::string_view name) const {
  static const std::vector<std::string> none;
  auto found = by_directive_.find(name);
  return found == by_directive_.end() ? none : found->second;
}

const std::string* ModuleIndex::file_for_provider(std::string_view kind, std::string_view name) const {
  auto found = providers_.find(concat(kind, ' ', name));
  return found == providers_.end() ? nullptr : &found->second;
}

std::string_view ModuleIndex::module_of(std::string_view file) const {
  auto found = modules_.find(file);
  return found == modules_.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<std::string_view> ModuleIndex::directive_names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, there] : directives_) names.push_back(name);
  return names;
}

std::vector<std::string> ModuleIndex::files() const {
  std::vector<std::string> files;
  for (const auto& [file, name] : modules_) files.push_back(file);
  return files;
}

}  // namespace sluice
