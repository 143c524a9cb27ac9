#include "process/trial.h"

#include <unistd.h>

#include <cstdio>

#include <sluice/base/strings.h>

#include "process/configuration.h"
#include "process/loader.h"
#include "process/report.h"

namespace sluice {

namespace {

Result<LoadResult> try_out(const Options& options, const MainConf& main, ProcessTitle& title) {
  TRY_ASSIGN(std::unique_ptr<Slots> slots, Slots::make());
  TRY_ASSIGN(auto loader, LoaderProcess::start(options, BuildRole::test, 1, main.reload_timeout, *slots, title, nullptr));
  TRY_ASSIGN(LoadResult result, loader->wait());
  if (!result.error.empty()) return Error(ErrorKind::config, std::move(result.error), ErrorSource::config);
  return result;
}

void say(const Options& options, std::string_view what, std::string_view end) {
  if (!options.quiet) print_console(LogLevel::stderr_, concat(what, options.conf_path, end));
}

int failed(const Options& options, const Error* error) {
  if (error != nullptr) report(LogLevel::emerg, error->text);
  print_console(LogLevel::stderr_, concat("configuration file ", options.conf_path, " test failed"));
  return 1;
}

void print_files(const std::vector<BuildOutput::File>& files) {
  for (const BuildOutput::File& file : files) {
    std::string text = concat("# configuration file ", file.path, ":\n", file.text, '\n');
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  std::fflush(stdout);
}

}  // namespace

int test_configuration(const Options& options, ProcessTitle& title) {
  MainConf main;
  if (!read_early(options, main)) return failed(options, nullptr);
  EarlyLog log(options, main);
  auto result = try_out(options, main, title);
  if (!result) return failed(options, &result.error());
  for (const std::string& warning : result->warnings) report(LogLevel::warn, warning);
  say(options, "the configuration file ", " syntax is ok");
  if (auto logs = check_logs(result->log_paths); !logs) return failed(options, &logs.error());
  if (geteuid() == 0) {
    if (auto user = workers_user(result->main); !user) return failed(options, &user.error());
  }
  say(options, "configuration file ", " test is successful");
  if (options.command == Command::dump) print_files(result->config_files);
  return 0;
}

}  // namespace sluice
