// What a module offers, asked of the module itself: lines of the module index.
#include <dirent.h>

#include <algorithm>

#include <sluice/base/strings.h>

#include "module/build.h"
#include "module/library.h"

namespace sluice {

namespace {

// Takes a module's declarations down as index lines.
class Description final : public ModuleDeclarations {
 public:
  void directives(std::span<const Directive> rows) override {
    for (const Directive& row : rows) add(concat("directive ", row.name));
  }
  void variables(std::span<const VariableRow> rows) override {
    for (const VariableRow& row : rows) add(concat("provider variable ", row.name));
  }
  uint32_t exchange_slot(const SlotTravel*) override { return 0; }
  void provide(std::string_view kind, std::string_view name, const void*) override { add(concat("provider ", kind, ' ', name)); }

  // add keeps a line once: a directive may have rows for several contexts.
  void add(std::string line) {
    if (std::find(lines_.begin(), lines_.end(), line) == lines_.end()) lines_.push_back(std::move(line));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 protected:
  uint32_t location_conf(ConfType) override { return 0; }
  uint32_t upstream_conf(ConfType) override { return 0; }

 private:
  std::vector<std::string> lines_;
};

void add_triggers(Description& description, std::string_view triggers) {
  while (!(triggers = trim(triggers)).empty()) {
    size_t end = triggers.find(' ');
    description.add(concat("trigger ", triggers.substr(0, end)));
    triggers.remove_prefix(end == std::string_view::npos ? triggers.size() : end);
  }
}

Result<std::vector<std::string>> describe(const std::string& path) {
  TRY_ASSIGN(std::shared_ptr<Library> library, Library::open(path, path));
  Description description;
  description.add(concat("module ", library->manifest().name));
  auto module = Library::make(library);
  if (module == nullptr) return Error(ErrorKind::config, concat("module \"", path, "\" could not be created"), ErrorSource::config);
  module->declare(description);
  add_triggers(description, library->manifest().triggers);
  return description.lines();
}

Result<std::vector<std::string>> module_files(const std::string& directory) {
  DIR* open = opendir(directory.c_str());
  if (open == nullptr) return os_error(concat("opendir() \"", directory, '"'), errno);
  std::vector<std::string> files;
  while (const dirent* entry = readdir(open)) {
    if (std::string_view(entry->d_name).ends_with(".so")) files.emplace_back(entry->d_name);
  }
  closedir(open);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::string> describe_module(const std::string& path) {
  TRY_ASSIGN(std::vector<std::string> lines, describe(path));
  std::string text;
  for (const std::string& line : lines) text += concat(line, '\n');
  return text;
}

Result<std::string> render_module_index(const std::string& directory) {
  TRY_ASSIGN(std::vector<std::string> files, module_files(directory));
  std::string text;
  for (const std::string& file : files) {
    TRY_ASSIGN(std::vector<std::string> lines, describe(concat(directory, '/', file)));
    for (const std::string& line : lines) text += concat(line, ' ', file, '\n');
  }
  return text;
}

}  // namespace sluice
