#include "process/report.h"

#include <cstdio>
#include <string>

#include <sluice/base/strings.h>
#include <sluice/os/file.h>

#include "conf/disk_file_source.h"
#include "process/snapshot.h"
#include "server/error_log_line.h"

namespace sluice {

namespace {

template <class Use>
void each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    bool first_of_mistake = !line.empty() && line[0] != ' ' && line[0] != '\t' && line != "stack traceback:";
    use(line, first_of_mistake);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

void show(LogLevel level, std::string_view text) {
  each_line(text, [level](std::string_view line, bool first) {
    if (first) return print_console(level, line);
    std::string out = concat(line, '\n');
    std::fwrite(out.data(), 1, out.size(), stderr);
  });
}

void record(LogLevel level, std::string_view text) {
  each_line(text, [level](std::string_view line, bool first) {
    if (first && Logger::process().enabled(level)) Logger::process().write(level, line);
  });
}

EarlyLog::EarlyLog(const Options& options, const MainConf& main) {
  Logger::process().clear();
  bool configured = !main.error_logs.empty();
  if (!options.error_log.empty() || !configured) {
    open(options.error_log.empty() ? prefixed(options, "logs/error.log") : options.error_log, LogLevel::error);
  }
  for (const MainConf::ErrorLog& log : main.error_logs)
    if (ErrorLogLine::is_file(log.path)) open(prefixed(options, log.path), static_cast<LogLevel>(log.level));
}

EarlyLog::~EarlyLog() {
  if (!released_) Logger::process().clear();
}

void EarlyLog::open(const std::string& path, LogLevel level) {
  if (path == "stderr") return;  // standard error gets everything anyway
  auto file = open_append(path);
  if (!file) return print_console(LogLevel::alert, concat("could not open error log file: ", file.error().text));
  Logger::process().add({file->get(), level});
  files_.push_back(std::move(*file));
}

void EarlyLog::release() {
  released_ = true;
  files_.clear();
}

bool read_early(const Options& options, MainConf& main) {
  DiskFileSource files;
  Libraries libraries(Libraries::Unknown::read_disk);
  BuildInput input = build_input(options, BuildRole::test, 0);
  input.files = &files;
  input.libraries = &libraries;
  auto read = read_main_conf(input);
  if (read) {
    main = std::move(*read);
    return true;
  }
  EarlyLog log(options, MainConf());
  report(LogLevel::emerg, read.error().text);
  return false;
}

}  // namespace sluice
