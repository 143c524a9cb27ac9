#include "process/configuration.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>
#include <sluice/net/listener.h>
#include <sluice/os/file.h>

#include "server/error_log_line.h"

namespace sluice {

namespace {

Error bind_error(const ListenSpec& spec, int errno_value) { return os_error(concat("bind() to ", spec.text), errno_value); }

// Binds without SO_REUSEPORT, which fails where any other socket listens, and closes again without ever listening.
Result<void> check_unused(const ListenSpec& spec) {
  Fd probe(socket(spec.address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return os_error("socket()", errno);
  int on = 1, only = spec.ipv6only;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (spec.address.family() == AF_INET6) setsockopt(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  if (bind(probe.get(), spec.address.data(), spec.address.size()) != 0) return bind_error(spec, errno);
  return {};
}

// A socket file that nobody listens on was left by a process that was killed.
// When the predecessor died its workers still listen: they have their queue, and what comes next is ours.
void remove_stale_socket(const ListenSpec& spec, bool predecessor_died) {
  std::string path(spec.address.text().substr(std::string_view("unix:").size()));
  struct stat file = {};
  if (lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return;
  Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  bool stale = connect(probe.get(), spec.address.data(), spec.address.size()) != 0 && errno == ECONNREFUSED;
  if (stale || predecessor_died) unlink(path.c_str());
}

class SocketOpener {
 public:
  SocketOpener(const OpenContext& context, int workers) : context_(context), workers_(workers) {}

  Result<std::vector<std::shared_ptr<ListeningSocket>>> open_all(const std::vector<ListenSpec>& specs) {
    for (const ListenSpec& spec : specs) TRY(open_address(spec));
    return std::move(sockets_);
  }

 private:
  Result<void> open_address(const ListenSpec& spec) {
    if (spec.address.is_unix()) return take_or_open(spec, ListeningSocket::kEveryWorker);
    bool ours = std::any_of(running().begin(), running().end(),
                            [&](const auto& socket) { return socket->spec.address.port() == spec.address.port(); });
    if (!ours && !context_.predecessor_died && spec.address.port() != 0) TRY(check_unused(spec));
    for (int worker = 0; worker < workers_; ++worker) TRY(take_or_open(spec, worker));
    return {};
  }

  Result<void> take_or_open(const ListenSpec& spec, int worker) {
    for (const auto& socket : running()) {
      bool same = socket->worker == worker && socket->spec == spec;
      if (!same) continue;
      if (socket->spec.backlog != spec.backlog) listen(socket->fd.get(), spec.backlog);
      sockets_.push_back(socket);
      return {};
    }
    if (spec.address.is_unix()) remove_stale_socket(spec, context_.predecessor_died);
    ListenOptions options;
    options.backlog = spec.backlog;
    options.reuse_port = !spec.address.is_unix();
    options.ipv6only = spec.ipv6only;
    TRY_ASSIGN(Fd fd, open_listening_socket(spec.address, options));
    sockets_.push_back(std::make_shared<ListeningSocket>(++*context_.next_socket_id, spec, worker, std::move(fd)));
    return {};
  }

  const std::vector<std::shared_ptr<ListeningSocket>>& running() const {
    return context_.running != nullptr ? context_.running->sockets : none_;
  }

  const OpenContext& context_;
  const int workers_;
  const std::vector<std::shared_ptr<ListeningSocket>> none_;
  std::vector<std::shared_ptr<ListeningSocket>> sockets_;
};

Result<std::vector<std::shared_ptr<ZoneFile>>> open_zones(const std::vector<ZoneSpec>& specs, const Configuration* running) {
  std::vector<std::shared_ptr<ZoneFile>> zones;
  for (const ZoneSpec& spec : specs) {
    std::shared_ptr<ZoneFile> zone;
    for (size_t i = 0; running != nullptr && i < running->zones.size(); ++i) {
      const ZoneSpec& other = running->zones[i]->spec;
      if (other.name == spec.name && other.layout == spec.layout && other.bytes == spec.bytes) zone = running->zones[i];
    }
    if (zone == nullptr) {
      TRY_ASSIGN(Fd fd, Zone::create(spec));
      zone = std::make_shared<ZoneFile>(ZoneFile{spec, std::move(fd)});
    }
    zones.push_back(std::move(zone));
  }
  return zones;
}

Result<std::vector<std::shared_ptr<LogFile>>> open_logs(const std::vector<std::string>& paths, const Configuration* running) {
  std::vector<std::shared_ptr<LogFile>> logs;
  for (const std::string& path : paths) {
    auto same = [&](const auto& log) { return log->path == path; };
    if (std::any_of(logs.begin(), logs.end(), same)) continue;
    if (running != nullptr) {
      auto found = std::find_if(running->logs.begin(), running->logs.end(), same);
      if (found != running->logs.end()) {
        logs.push_back(*found);
        continue;
      }
    }
    TRY_ASSIGN(Fd fd, open_append(path));
    logs.push_back(std::make_shared<LogFile>(LogFile{path, std::move(fd)}));
  }
  return logs;
}

}  // namespace

ListeningSocket::~ListeningSocket() {
  if (spec.address.is_unix()) unlink(spec.address.text().c_str() + std::string_view("unix:").size());
}

Result<Configuration> make_configuration(LoadResult loaded, uint64_t generation_id, const OpenContext& context) {
  Configuration next;
  next.generation_id = generation_id;
  next.main = std::move(loaded.main);
  next.snapshot = std::make_shared<Snapshot>(std::move(loaded.snapshot));
  // Who is started for this configuration serves once it is in effect; no client may wait, or be reset when it fails.
  next.steers = context.running != nullptr ? context.running->steers : !context.predecessor_died;
  if (context.running != nullptr) steer_to_workers(*context.running, context.running->main.worker_processes);
  TRY_ASSIGN(next.sockets, SocketOpener(context, next.main.worker_processes).open_all(loaded.listens));
  TRY_ASSIGN(next.zones, open_zones(loaded.zones, context.running));
  TRY_ASSIGN(next.logs, open_logs(loaded.log_paths, context.running));
  return next;
}

void steer_to_workers(const Configuration& configuration, int workers) {
  if (!configuration.steers) return;
  for (const auto& socket : configuration.sockets)
    if (socket->worker == 0) steer_new_connections(socket->fd.get(), static_cast<unsigned>(workers));
}

std::vector<std::string> main_log_paths(const Options& options, const MainConf& main) {
  std::vector<std::string> paths;
  for (const MainConf::ErrorLog& log : main.error_logs)
    if (ErrorLogLine::is_file(log.path)) paths.push_back(prefixed(options, log.path));
  return paths;
}

void use_error_logs(const Options& options, const MainConf& main, const std::function<int(const std::string&)>& log_fd) {
  Logger& logger = Logger::process();
  logger.clear();
  for (const MainConf::ErrorLog& log : main.error_logs) {
    if (log.path.starts_with(SyslogTarget::kPrefix)) {
      auto target = SyslogTarget::parse(log.path);
      if (target) logger.add({-1, static_cast<LogLevel>(log.level), std::move(*target)});
      continue;
    }
    int fd = log.path == "stderr" ? STDERR_FILENO : log_fd(prefixed(options, log.path));
    if (fd >= 0) logger.add({fd, static_cast<LogLevel>(log.level)});
  }
}

Result<void> reopen_logs(const std::vector<std::shared_ptr<LogFile>>& logs) {
  Result<void> outcome;
  for (const auto& log : logs) {
    auto fresh = open_append(log->path);
    if (fresh && dup3(fresh->get(), log->fd.get(), O_CLOEXEC) < 0) fresh = os_error("dup3()", errno);
    if (!fresh && outcome) outcome = std::move(fresh.error());
  }
  return outcome;
}

Result<void> check_logs(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto opened = open_append(path);
    if (!opened) return std::move(opened.error());
  }
  return {};
}

Result<UserIds> workers_user(const MainConf& main) {
  if (main.user.empty()) return find_user("nobody", "nogroup");
  return find_user(main.user, main.group == main.user ? "" : main.group);
}

}  // namespace sluice
