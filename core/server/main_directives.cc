// Rows of the main and events level: who the processes are.
#include <sched.h>

#include <algorithm>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>

#include "server/core_conf.h"
#include "server/error_log_line.h"
#include "server/generation_builder.h"
#include "server/main_conf.h"
#include "shm/heartbeat.h"

namespace sluice {

namespace {

// Of the master's process slots, some are for the control process, a loader, and workers that have left but still drain.
constexpr int kMaxWorkers = 240;
static_assert(kMaxWorkers + 2 < static_cast<int>(ProcessSlots::kMaxSlots));

int cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set);
}

Result<void> set_worker_processes(DirectiveUse& use) {
  auto& main = use.conf_as<MainConf>();
  if (use.arg(0) == "auto") {
    main.worker_processes = std::min(cpu_count(), kMaxWorkers);
    return {};
  }
  auto count = parse_uint(use.arg(0));
  if (!count || *count == 0) return use.directive_error("invalid number");
  if (*count > kMaxWorkers) return use.directive_error(concat("allows ", kMaxWorkers, " at most, not ", use.arg(0)));
  main.worker_processes = static_cast<int>(*count);
  return {};
}

Result<void> set_user(DirectiveUse& use) {
  auto& main = use.conf_as<MainConf>();
  main.user = use.arg(0);
  main.group = use.count() > 1 ? use.arg(1) : use.arg(0);
  return {};
}

template <auto Member>
Result<void> set_text(DirectiveUse& use) {
  use.conf_as<MainConf>().*Member = use.arg(0);
  return {};
}

Result<void> set_error_log(DirectiveUse& use) {
  TRY_ASSIGN(ErrorLogLine line, parse_error_log(use));
  std::string path = line.path;
  if (ErrorLogLine::is_file(line.path)) {
    TRY_ASSIGN([[maybe_unused]] int fd, GenerationBuilder::of(use.block.builder()).open_log(use.node.place, line.path));
    path = use.block.builder().full_path(line.path);
  }
  use.conf_as<MainConf>().error_logs.push_back({std::move(path), static_cast<int>(line.level)});
  return {};
}

Result<void> add_environment(DirectiveUse& use) {
  std::string_view text = use.arg(0);
  if (text.empty() || text.starts_with('=')) return use.invalid_value(text);
  use.conf_as<MainConf>().environment.emplace_back(text);
  return {};
}

Result<void> set_use(DirectiveUse& use) {
  if (use.arg(0) == "epoll") return {};
  return use.error(concat("invalid event type \"", use.arg(0), "\", sluice has epoll alone"));
}

Result<void> set_connections(DirectiveUse& use) {
  auto count = parse_uint(use.arg(0));
  if (!count || *count == 0) return use.error(concat("invalid number \"", use.arg(0), "\" in \"", use.node.name, "\" directive"));
  use.conf_as<MainConf>().worker_connections = *count;
  return {};
}

Result<void> set_priority(DirectiveUse& use) {
  constexpr uint64_t kLimit = 20;
  std::string_view text = use.arg(0);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto value = parse_uint(text);
  if (!value || *value > kLimit) return use.directive_error("invalid number");
  use.conf_as<MainConf>().worker_priority = negative ? -static_cast<int>(*value) : static_cast<int>(*value);
  return {};
}

Result<void> set_cpu_affinity(DirectiveUse& use) {
  CpuAffinity affinity;
  affinity.masks = use.node.args;
  if (use.arg(0) == "auto") {
    affinity.automatic = true;
    affinity.masks.erase(affinity.masks.begin());
    if (affinity.masks.size() > 1) return use.error("invalid number of arguments in \"worker_cpu_affinity\" directive");
  }
  for (const std::string& mask : affinity.masks) {
    auto cpus = parse_cpu_mask(mask);
    if (!cpus) return use.error(cpus.error().text);
  }
  use.conf_as<MainConf>().worker_cpu_affinity = std::move(affinity);
  return {};
}

Result<void> set_rlimit_core(DirectiveUse& use) {
  const auto bytes = parse_offset(use.arg(0));
  if (!bytes) return use.directive_error("invalid value");
  use.conf_as<MainConf>().worker_rlimit_core = static_cast<uint64_t>(*bytes);
  use.conf_as<MainConf>().has_rlimit_core = true;
  return {};
}

Result<void> check_flag(DirectiveUse& use) {
  auto value = rows::flag_value(use);
  if (!value) return std::move(value.error());
  return {};
}

Result<void> accept_pcre_jit(DirectiveUse& use) {
  TRY_ASSIGN(bool on, rows::flag_value(use));
  if (!on) use.block.builder().warn(use.node.place, "\"pcre_jit off\" has no effect, it is always on");
  return {};
}

Result<void> accept_it(DirectiveUse&) {
  return {};
}

constexpr Directive simple(std::string_view name, uint32_t contexts, int min_args, int max_args, Repeat repeat,
                           Result<void> (*apply)(DirectiveUse&), std::string_view default_text, std::string_view help) {
  return {name, contexts, min_args, max_args, BlockShape::none, repeat, apply, nullptr, default_text, help};
}

constexpr Directive kRows[] = {
    rows::flag<&MainConf::daemon>("daemon", kMain, "on", "Whether sluice goes to the background once it serves."),
    rows::flag<&MainConf::master_process>("master_process", kMain, "on",
                                          "Whether a master supervises workers; off runs everything in one process, for debuggers."),
    simple("pid", kMain, 1, 1, Repeat::once, set_text<&MainConf::pid>, "logs/sluice.pid", "File with the master's process id."),
    simple("user", kMain, 1, 2, Repeat::once, set_user, "nobody nogroup",
           "User and group of the workers when sluice is started by root."),
    simple("worker_processes", kMain, 1, 1, Repeat::once, set_worker_processes, "1",
           "Number of workers; auto is one per CPU that sluice may use."),
    rows::number<&MainConf::worker_rlimit_nofile>("worker_rlimit_nofile", kMain, "", "Limit of open files of a worker."),
    simple("worker_rlimit_core", kMain, 1, 1, Repeat::once, set_rlimit_core, "", "Largest core file of a worker."),
    simple("worker_priority", kMain, 1, 1, Repeat::once, set_priority, "0", "Nice value of workers, -20 (first) to 20; below 0 needs root's rights."),
    simple("worker_cpu_affinity", kMain, 1, -1, Repeat::once, set_cpu_affinity, "",
           "On which CPUs workers run: a mask for each (0101: the first and the third CPU), the last one for all further ones; or `auto` "
           "[MASK]: one CPU each, in turn."),
    rows::time<&MainConf::worker_shutdown_timeout>("worker_shutdown_timeout", kMain, "",
                                                   "How long a draining worker waits for its connections; then it closes them."),
    rows::time<&MainConf::worker_watchdog>("worker_watchdog", kMain, "5s",
                                           "A worker that does nothing for so long is killed and replaced; 0 turns that off."),
    rows::time<&MainConf::reload_timeout>("reload_timeout", kMain, "30s",
                                          "How long building a new configuration may take; then the reload fails."),
    simple("error_log", kMain, 1, 2, Repeat::list, set_error_log, "logs/error.log error",
           "Where errors go (a file, `stderr`, or `syslog:...` as for access_log), and from which level on: debug, info, notice, warn, error, crit, alert, emerg."),
    simple("working_directory", kMain, 1, 1, Repeat::once, set_text<&MainConf::working_directory>, "",
           "Current directory of the workers."),
    simple("env", kMain, 1, 1, Repeat::any, add_environment, "", "An environment variable, NAME or NAME=VALUE, that workers have."),
    simple("load_module", kMain, 1, 1, Repeat::any, accept_it, "",
           "Loads a module, or all that a pattern matches; relative paths count from the prefix, then from the module directory. "
           "Modules that come with sluice load by themselves when a directive of theirs is used."),
    simple("pcre_jit", kMain, 1, 1, Repeat::once, accept_pcre_jit, "on",
           "Accepted; regular expressions are always compiled to machine code, and `off` gives a warning."),
    simple("worker_connections", kEvents, 1, 1, Repeat::once, set_connections, "10240",
           "Connections of one worker, those to clients and to upstreams together."),
    simple("use", kEvents, 1, 1, Repeat::once, set_use, "epoll", "Accepted for epoll, the one method that sluice has."),
    simple("multi_accept", kEvents, 1, 1, Repeat::once, check_flag, "on", "Accepted; a worker always takes all waiting connections."),
    simple("accept_mutex", kEvents, 1, 1, Repeat::once, check_flag, "off",
           "Accepted; every worker has a listening socket of its own, so there is nothing to take turns for."),
};

}  // namespace

std::span<const Directive> main_directives() {
  return kRows;
}

}  // namespace sluice
