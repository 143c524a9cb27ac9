#include "process/single.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include <sluice/base/strings.h>
#include <sluice/net/listener.h>
#include <sluice/os/file.h>

#include "conf/disk_file_source.h"
#include "os/signals.h"
#include "process/configuration.h"
#include "process/pid_file.h"
#include "process/serving.h"
#include "process/signal_answer.h"
#include "server/access_log.h"

namespace sluice {

namespace {

// A table of metrics for this process alone; null when there is no memory for it.
std::unique_ptr<Metrics> own_metrics() {
  auto file = Zone::create(Metrics::zone_spec());
  if (!file) return nullptr;
  auto zone = Zone::map(Metrics::zone_spec(), file->get());
  if (!zone) return nullptr;
  auto metrics = Metrics::open(std::move(*zone), 0);
  return metrics ? std::move(*metrics) : nullptr;
}

class SingleProcess {
 public:
  SingleProcess(const Options& options, EarlyLog& early_log, StartReport start)
      : options_(options), early_log_(early_log), start_(std::move(start)) {}

  int run() {
    if (auto begun = begin(); !begun) {
      report(LogLevel::emerg, begun.error().text);
      return 1;
    }
    start_.started();
    serving_.loop().run();
    LOG(Logger::process(), notice, "exit");
    return 0;
  }

 private:
  class SignalWatch final : private IoWatcher {
   public:
    explicit SignalWatch(SingleProcess& process) : process_(process) {}
    ~SignalWatch() override {
      if (fd() >= 0) unwatch();
    }
    void begin(int fd) { watch(process_.serving_.loop(), fd); }

   private:
    void on_events(unsigned) override {
      while (auto signal = process_.signals_->next()) process_.on_signal(*signal);
    }
    SingleProcess& process_;
  };

  Result<void> begin() {
    signal(SIGPIPE, SIG_IGN);
    TRY_ASSIGN(Signals signals, Signals::open({SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}));
    signals_.emplace(std::move(signals));
    signal_watch_.begin(signals_->fd());
    BuildInput input = next_input();
    auto output = build_generation(input);
    if (!output) return std::move(output.error());
    TRY(take(std::move(*output)));
    early_log_.release();
    return {};
  }

  BuildInput next_input() {
    libraries_.forget_paths();
    BuildInput input = build_input(options_, BuildRole::owner, ++generations_);
    input.files = &disk_;
    input.libraries = &libraries_;
    input.zone_fd = [this](const ZoneSpec& spec) { return zone_fd(spec); };
    input.log_fd = [this](const std::string& path) { return log_fd(path); };
    return input;
  }

  // Zones and logs are opened as the build asks for them, and kept.
  int zone_fd(const ZoneSpec& spec) {
    for (const ZoneFile& zone : zones_)
      if (zone.spec.name == spec.name && zone.spec.layout == spec.layout && zone.spec.bytes == spec.bytes) return zone.fd.get();
    std::erase_if(zones_, [&](const ZoneFile& zone) { return zone.spec.name == spec.name; });
    auto fd = Zone::create(spec);
    if (!fd) return -1;
    zones_.push_back({spec, std::move(*fd)});
    return zones_.back().fd.get();
  }

  int log_fd(const std::string& path) {
    auto known = std::find_if(logs_.begin(), logs_.end(), [&](const auto& log) { return log->path == path; });
    if (known != logs_.end()) return (*known)->fd.get();
    auto fd = open_append(path);
    if (!fd) {
      LOG(Logger::process(), alert, fd.error().text);
      return -1;
    }
    logs_.push_back(std::make_shared<LogFile>(LogFile{path, std::move(*fd)}));
    return logs_.back()->fd.get();
  }

  Result<void> take(BuildOutput output) {
    for (const std::string& warning : output.warnings) record(LogLevel::warn, warning);
    std::map<std::string, std::unique_ptr<ListeningSocket>> opened;
    TRY_ASSIGN(std::vector<int> fds, open_sockets(output.listeners, opened));
    MainConf main = output.main;
    TRY(pid_file_.write(prefixed(options_, main.pid)));
    TRY(serving_.swap_in(std::move(output), fds));
    std::erase_if(sockets_, [&](const auto& entry) {
      return std::find(fds.begin(), fds.end(), entry.second->fd.get()) == fds.end();
    });
    sockets_.merge(opened);
    main_ = std::move(main);
    use_error_logs(options_, main_, [this](const std::string& path) { return log_fd(path); });
    return {};
  }

  // Sockets that are new go to `opened` until the configuration is in effect.
  Result<std::vector<int>> open_sockets(const std::vector<ListenerHosts>& listeners,
                                        std::map<std::string, std::unique_ptr<ListeningSocket>>& opened) {
    std::vector<int> fds;
    for (const ListenerHosts& listener : listeners) {
      const ListenSpec& spec = listener.listen;
      auto known = sockets_.find(spec.address.text());
      if (known != sockets_.end()) {
        fds.push_back(known->second->fd.get());
        continue;
      }
      ListenOptions options;
      options.backlog = spec.backlog;
      options.ipv6only = spec.ipv6only;
      TRY_ASSIGN(Fd fd, open_listening_socket(spec.address, options));
      fds.push_back(fd.get());
      opened[spec.address.text()] = std::make_unique<ListeningSocket>(0, spec, ListeningSocket::kEveryWorker, std::move(fd));
    }
    return fds;
  }

  void on_signal(const signalfd_siginfo& signal) {
    switch (static_cast<int>(signal.ssi_signo)) {
      case SIGTERM:
      case SIGINT: return serving_.stop();
      case SIGQUIT: return serving_.quit(main_.worker_shutdown_timeout);
      case SIGHUP: return ask_for_reload(static_cast<pid_t>(signal.ssi_pid));
      case SIGUSR1: return reopen();
      default: return;
    }
  }

  void reopen() {
    flush_access_logs();
    if (auto reopened = reopen_logs(logs_); !reopened) LOG(Logger::process(), emerg, reopened.error().text);
  }

  void ask_for_reload(pid_t signaller) {
    answer_signal(signaller, SignalAnswer::accepted);
    waiting_.push_back(signaller);
    if (serving_.building()) return;
    LOG(Logger::process(), notice, "reconfiguring");
    serving_.build(next_input(), [this, asked = std::exchange(waiting_, {})](Result<BuildOutput> output) {
      Result<void> done = output ? take(std::move(*output)) : Result<void>(std::move(output.error()));
      finish_reload(done, asked);
    });
  }

  void finish_reload(const Result<void>& done, const std::vector<pid_t>& asked) {
    if (!done) record(LogLevel::emerg, done.error().text);
    for (pid_t signaller : asked)
      answer_signal(signaller, done ? SignalAnswer::done : SignalAnswer::failed, done ? std::string() : done.error().text);
    if (waiting_.empty()) return;
    pid_t next = waiting_.back();
    waiting_.pop_back();
    ask_for_reload(next);
  }

  const Options& options_;
  EarlyLog& early_log_;
  StartReport start_;
  DiskFileSource disk_;
  Libraries libraries_{Libraries::Unknown::read_disk};
  std::vector<ZoneFile> zones_;
  std::vector<std::shared_ptr<LogFile>> logs_;
  std::map<std::string, std::unique_ptr<ListeningSocket>> sockets_;  // by address
  PidFile pid_file_;
  MainConf main_;
  std::vector<pid_t> waiting_;  // signallers of the next reload
  uint64_t generations_ = 0;
  Serving serving_{ProcessKind::single, 0, 1, own_metrics()};
  std::optional<Signals> signals_;
  SignalWatch signal_watch_{*this};
};

}  // namespace

int run_single(const Options& options, const MainConf&, EarlyLog& early_log, StartReport start) {
  int code = SingleProcess(options, early_log, std::move(start)).run();
  return code;
}

}  // namespace sluice
