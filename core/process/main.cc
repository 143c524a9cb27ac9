// sluice: a reverse proxy that its operators program. What the program is made of, in the order of reading:
//
//   options      the command line                    trial        -t and -T
//   master       starts and supervises the others    signaller    -s
//   loader       tries a configuration out           single       master_process off
//   child        a worker or the control process
#include <malloc.h>

#include <cstdio>

#include <string>

#include <sluice/base/hash.h>
#include <sluice/log/log.h>

#include "conf/disk_file_source.h"
#include "os/process_title.h"
#include "process/daemon.h"
#include "process/master.h"
#include "process/options.h"
#include "process/report.h"
#include "process/signaller.h"
#include "process/single.h"
#include "process/snapshot.h"
#include "process/trial.h"

namespace sluice {

namespace {

int serve(const Options& options, ProcessTitle& title) {
  MainConf main;
  if (!read_early(options, main)) return 1;
  EarlyLog log(options, main);
  StartReport start;
  if (main.daemon) {
    auto detached = StartReport::detach();
    if (!detached) {
      report(LogLevel::emerg, detached.error().text);
      return 1;
    }
    start = std::move(*detached);
  }
  if (!main.master_process) return run_single(options, main, log, std::move(start));
  return Master(options, main, log, std::move(start), title).run();
}

// What the build writes to modules/index.
int print_module_index(const Options& options) {
  auto text = render_module_index(options.directory);
  if (!text) {
    print_console(LogLevel::emerg, text.error().text);
    return 1;
  }
  std::fwrite(text->data(), 1, text->size(), stdout);
  return 0;
}

int print_reference(const Options& options) {
  DiskFileSource disk;
  Libraries libraries(Libraries::Unknown::read_disk);
  BuildInput input = build_input(options, BuildRole::test, 0);
  input.files = &disk;
  input.libraries = &libraries;
  std::string text = render_directive_reference(input);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

// Freed memory is joined with its neighbours at once. malloc would keep the pieces of a large configuration apart for a while, and
// then join hundreds of thousands in one call of free(): up to ten milliseconds in which no request is answered.
void join_freed_memory_at_once() { mallopt(M_MXFAST, 0); }

int run(const Options& options, ProcessTitle& title) {
  switch (options.command) {
    case Command::help: print_help(); return 0;
    case Command::version: print_version(); return 0;
    case Command::describe: print_description(); return 0;
    case Command::test:
    case Command::dump: return test_configuration(options, title);
    case Command::signal: return send_signal(options);
    case Command::module_index: return print_module_index(options);
    case Command::reference: return print_reference(options);
    case Command::serve: return serve(options, title);
  }
  return 1;
}

}  // namespace

}  // namespace sluice

int main(int argc, char** argv) {
  using namespace sluice;
  ProcessTitle title(argc, argv);
  join_freed_memory_at_once();
  set_process_seed();
  Clock::of_thread().refresh();
  auto options = parse_options(argc, argv);
  if (!options) {
    print_console(LogLevel::stderr_, options.error().text);
    return 1;
  }
  return run(*options, title);
}
