#include "process/child.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>
#include <sluice/os/file.h>

#include "os/process.h"
#include "os/signals.h"
#include "process/crash.h"
#include "process/log_table.h"
#include "process/serving.h"
#include "server/access_log.h"

namespace sluice {

namespace {

constexpr Milliseconds kHeartbeat{200};

// What a build reads; lives until it is done.
struct BuildSources {
  Assignment assignment;
  FileArchive files;
  LogTable logs;
};

// A built configuration that waits for the master's word.
struct Prepared {
  BuildOutput output;
  std::vector<Assignment::Socket> sockets;
};

std::unique_ptr<Metrics> metrics_of(const Slot& slot) {
  auto metrics = Metrics::open(slot.metrics, slot.index);
  return metrics ? std::move(*metrics) : nullptr;
}

class Child {
 public:
  Child(const ChildSetup& setup, Channel channel)
      : setup_(setup), channel_(std::move(channel)),
        serving_(setup.kind, setup.index, setup.configuration.main.worker_processes, metrics_of(setup.slot)),
        pid_path_(prefixed(setup.options, setup.configuration.main.pid)), main_(setup.configuration.main) {
    logs_.inherit(setup.configuration.logs);
  }

  Result<void> begin() {
    channel_.set_non_blocking();
    TRY_ASSIGN(Signals signals, Signals::open({SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}));
    signals_.emplace(std::move(signals));
    letters_watch_.begin(channel_.fd());
    signals_watch_.begin(signals_->fd());
    heartbeat_.arm_after(kHeartbeat);
    return {};
  }

  void run() {
    serving_.loop().run();
    if (serving_.building()) leave_without_the_builder();
  }

 private:
  // A descriptor on the loop that somebody else owns.
  class Watch final : private IoWatcher {
   public:
    Watch(Child& child, void (Child::*ready)()) : child_(child), ready_(ready) {}
    ~Watch() override { end(); }
    void begin(int fd) { watch(child_.serving_.loop(), fd); }
    void end() {
      if (fd() >= 0) unwatch();
    }

   private:
    void on_events(unsigned) override { (child_.*ready_)(); }
    Child& child_;
    void (Child::*ready_)();
  };

  class Heartbeat final : public Timer {
   public:
    explicit Heartbeat(Child& child) : child_(child) {}

   private:
    void on_timer() override {
      arm_after(kHeartbeat);
      child_.on_heartbeat();
    }
    Child& child_;
  };

  std::string_view name() const { return child_name(setup_.kind); }

  // --- signals: nginx's, sent by the master or by hand

  void on_signals() {
    while (auto signal = signals_->next()) on_signal(static_cast<int>(signal->ssi_signo));
  }

  void on_signal(int signal) {
    if (signal == SIGTERM || signal == SIGINT) serving_.stop();
    if (signal == SIGQUIT) {
      setup_.title.set(concat(name(), " is shutting down"));
      setup_.slot.shared->state = ProcessState::draining;
      drain();
    }
  }

  // --- letters from the master

  void on_letters() {
    for (;;) {
      auto letter = channel_.receive();
      if (!letter) return master_is_gone(letter.error());
      if (!letter->has_value()) return;
      on_letter(std::move(**letter));
    }
  }

  void on_letter(Letter letter) {
    switch (letter.kind) {
      case LetterKind::prepare: return prepare(std::move(letter));
      case LetterKind::commit: return commit();
      case LetterKind::abandon:
        return abandon();
      case LetterKind::reopen: return reopen(std::move(letter));
      default: return;
    }
  }

  void master_is_gone(const Error& error) {
    letters_watch_.end();
    orphaned_ = true;
    LOG(Logger::process(), alert, "the master process is gone (", error.text, "), ", name(), " serves on without it");
  }

  void reopen(Letter letter) {
    flush_access_logs();
    auto logs = read_logs(std::move(letter));
    if (logs) logs_.update(std::move(*logs));
    else LOG(Logger::process(), alert, logs.error().text);
  }

  // --- building and swapping

  void prepare(Letter letter) {
    if (serving_.building()) {
      next_.emplace(std::move(letter));
      return;
    }
    assigned_ = 0;
    auto assignment = read_assignment(std::move(letter));
    if (!assignment) return fail(assignment.error());
    assigned_ = assignment->generation_id;
    auto files = FileArchive::open(assignment->snapshot.archive.get());
    if (!files) return fail(files.error());
    logs_.update(std::exchange(assignment->logs, {}));
    libraries_.use(std::exchange(assignment->snapshot.libraries, {}));
    prepared_.reset();
    abandoned_ = false;
    auto sources = std::make_shared<BuildSources>(BuildSources{std::move(*assignment), std::move(*files), logs_});
    BuildInput input = input_of(*sources);
    serving_.build(std::move(input), [this, sources](Result<BuildOutput> output) { built(*sources, std::move(output)); });
  }

  BuildInput input_of(BuildSources& sources) {
    BuildInput input = build_input(setup_.options, sources.assignment.role, sources.assignment.generation_id);
    input.files = &sources.files;
    input.libraries = &libraries_;
    input.zone_fd = [&sources](const ZoneSpec& spec) {
      for (const ZoneFile& zone : sources.assignment.zones)
        if (zone.spec.name == spec.name) return zone.fd.get();
      return -1;
    };
    input.log_fd = [&sources](const std::string& path) { return sources.logs.find(path); };
    input.progress = [activity = setup_.slot.activity](std::string_view what) { activity->set(what); };
    return input;
  }

  void abandon() {
    prepared_.reset();
    if (next_) return next_.reset();
    abandoned_ = serving_.building();
  }

  void built(BuildSources& sources, Result<BuildOutput> output) {
    setup_.slot.activity->set({});
    if (!std::exchange(abandoned_, false)) use(sources, std::move(output));
    if (!next_) return;
    Letter next = std::move(*next_);
    next_.reset();
    prepare(std::move(next));
  }

  void use(BuildSources& sources, Result<BuildOutput> output) {
    if (!output) return fail(output.error());
    prepared_.emplace(Prepared{std::move(*output), std::move(sources.assignment.sockets)});
    if (sources.assignment.commit_at_once) return commit();
    tell(LetterKind::prepared);
  }

  void commit() {
    if (!prepared_ || serving_.quitting()) return;
    Prepared prepared = std::move(*prepared_);
    prepared_.reset();
    std::vector<int> sockets;
    if (setup_.kind != ProcessKind::control) {
      auto found = sockets_for(prepared);
      if (!found) return fail(found.error());
      sockets = std::move(*found);
    }
    MainConf main = prepared.output.main;
    if (auto swapped = serving_.swap_in(std::move(prepared.output), sockets); !swapped) return fail(swapped.error());
    main_ = std::move(main);
    use_error_logs(setup_.options, main_, [this](const std::string& path) { return logs_.find(path); });
    if (main_.daemon) leave_terminal();
    std::erase_if(sockets_, [&](const auto& entry) {
      return std::find(sockets.begin(), sockets.end(), entry.second.get()) == sockets.end();
    });
    setup_.slot.shared->generation = assigned_;
    setup_.slot.shared->state = ProcessState::running;
    tell(LetterKind::serving);
  }

  // Who started the daemon may read its output to the end. The first processes are forked before the master itself lets go.
  void leave_terminal() {
    bool logs_there = std::any_of(main_.error_logs.begin(), main_.error_logs.end(), [](const auto& log) { return log.path == "stderr"; });
    auto left = redirect_stdio_to_null(logs_there ? StandardError::keep : StandardError::null);
    if (!left) LOG(Logger::process(), alert, left.error().text);
  }

  // A socket that this process has already keeps its number: the Service listens on it.
  Result<std::vector<int>> sockets_for(Prepared& prepared) {
    std::vector<int> fds;
    for (const ListenerHosts& listener : prepared.output.listeners) {
      auto socket = std::find_if(prepared.sockets.begin(), prepared.sockets.end(),
                                 [&](const Assignment::Socket& s) { return s.spec == listener.listen; });
      if (socket == prepared.sockets.end()) return Error(ErrorKind::internal, concat("no socket for ", listener.listen.text));
      auto kept = sockets_.try_emplace(socket->id, std::move(socket->fd)).first;
      fds.push_back(kept->second.get());
    }
    return fds;
  }

  void fail(const Error& error) {
    LOG(Logger::process(), alert, name(), " could not take the configuration: ", error.text);
    tell(LetterKind::failed, error.text);
  }

  void tell(LetterKind kind, std::string_view text = {}) {
    if (orphaned_) return;
    if (auto sent = send_answer(channel_, kind, {assigned_, std::string(text)}); !sent) LOG(Logger::process(), alert, "cannot answer the master: ", sent.error().text);
  }

  // --- time

  void on_heartbeat() {
    beat(*setup_.slot.shared, serving_.loop().now());
    if (orphaned_ && !serving_.quitting()) leave_if_replaced();
  }

  // After a master that was killed, the pid file names it until another master takes the addresses over.
  void leave_if_replaced() {
    auto text = read_file(pid_path_);
    if (!text) return;
    auto pid = parse_uint(trim(text->substr(0, text->find('\n'))));
    if (!pid || *pid == static_cast<uint64_t>(master_)) return;
    LOG(Logger::process(), notice, "master process ", *pid, " has taken over");
    drain();
  }

  // Nobody listens at the sockets any more: clients must not queue there while the last connections end.
  void drain() {
    serving_.quit(main_.worker_shutdown_timeout);
    sockets_.clear();
  }

  // A build cannot be interrupted; what it does must not delay the end.
  [[noreturn]] void leave_without_the_builder() {
    flush_access_logs();
    LOG(Logger::process(), notice, "exit");
    _exit(0);
  }

  const ChildSetup& setup_;
  Channel channel_;
  LogTable logs_;
  Libraries libraries_{Libraries::Unknown::refuse};
  std::map<uint64_t, Fd> sockets_;  // by the master's id
  Serving serving_;
  const std::string pid_path_;
  MainConf main_;
  const pid_t master_ = getppid();
  uint64_t assigned_ = 0;  // the generation that is being built or was built last
  bool orphaned_ = false;
  bool abandoned_ = false;
  std::optional<Prepared> prepared_;
  std::optional<Letter> next_;      // an assignment that came while another one is being built
  std::optional<Signals> signals_;
  Watch letters_watch_{*this, &Child::on_letters};
  Watch signals_watch_{*this, &Child::on_signals};
  Heartbeat heartbeat_{*this};
};

Result<void> set_limits(const MainConf& main) {
  if (main.worker_rlimit_nofile > 0) return set_open_files_limit(main.worker_rlimit_nofile);
  raise_open_files_limit();
  return {};
}

// Where a worker runs and how it is ranked; what the system refuses is logged, as in nginx. Needs root's rights for a part of it.
void set_scheduling(const ChildSetup& setup) {
  const MainConf& main = setup.configuration.main;
  auto logged = [](Result<void> done) {
    if (!done) LOG(Logger::process(), alert, done.error().text);
  };
  if (main.has_rlimit_core) logged(set_core_limit(main.worker_rlimit_core));
  if (setup.kind != ProcessKind::worker) return;
  if (main.worker_priority != 0) logged(set_nice_value(main.worker_priority));
  if (main.worker_cpu_affinity.empty()) return;
  logged(run_on(cpus_of_worker(main.worker_cpu_affinity, usable_cpus(), static_cast<size_t>(setup.index))));
}

// Workers have the variables that `env` names, and TZ, as in nginx.
void set_environment(const MainConf& main) {
  std::vector<std::string> kept;
  auto keep = [&kept](const std::string& name) {
    if (const char* value = getenv(name.c_str())) kept.push_back(concat(name, '=', value));
  };
  keep("TZ");
  for (const std::string& line : main.environment) {
    if (line.find('=') == std::string::npos) keep(line);
    else kept.push_back(line);
  }
  clearenv();
  for (const std::string& line : kept) {
    size_t equals = line.find('=');
    setenv(line.substr(0, equals).c_str(), line.c_str() + equals + 1, 1);
  }
}

Result<void> become_child(const ChildSetup& setup) {
  const MainConf& main = setup.configuration.main;
  setup.title.set(child_name(setup.kind));
  signal(SIGPIPE, SIG_IGN);
  if (auto limited = set_limits(main); !limited) LOG(Logger::process(), alert, limited.error().text);
  set_scheduling(setup);
  if (setup.user) TRY(drop_privileges(*setup.user));
  if (!main.working_directory.empty() && chdir(main.working_directory.c_str()) != 0)
    return path_error("chdir", main.working_directory, errno);
  set_environment(main);
  install_crash_handlers(*setup.slot.shared);
  setup.slot.shared->pid = getpid();
  return {};
}

}  // namespace

std::string_view child_name(ProcessKind kind) { return kind == ProcessKind::control ? "control process" : "worker process"; }

void run_child(const ChildSetup& setup, Channel channel) {
  std::vector<int> kept{channel.fd()};
  for (const auto& log : setup.configuration.logs) kept.push_back(log->fd.get());
  close_all_but(std::move(kept));
  Clock::of_thread().refresh();
  auto became = become_child(setup);
  if (became) {
    Child child(setup, std::move(channel));
    became = child.begin();
    if (became) child.run();
  }
  if (!became) LOG(Logger::process(), alert, became.error().text);
  LOG(Logger::process(), notice, "exit");
  exit(became ? 0 : 2);
}

}  // namespace sluice
