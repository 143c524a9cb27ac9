#include "process/loader.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>

#include "conf/disk_file_source.h"
#include "os/process.h"
#include "os/signals.h"

namespace sluice {

namespace {

LoadResult describe(BuildOutput& output, const Libraries& libraries, Fd archive, BuildRole role) {
  LoadResult result;
  result.snapshot.archive = std::move(archive);
  for (const Libraries::Used& used : libraries.used())
    result.snapshot.libraries.push_back({used.path, used.id, Fd(fcntl(used.fd, F_DUPFD_CLOEXEC, 0))});
  result.main = output.main;
  for (const ListenerHosts& listener : output.listeners) result.listens.push_back(listener.listen);
  result.zones = output.zones;
  result.log_paths = output.log_paths;
  result.warnings = output.warnings;
  if (role == BuildRole::test) result.config_files = std::move(output.config_files);
  return result;
}

LoadResult refused(std::string text) {
  LoadResult result;
  result.error = text.empty() ? "unknown error" : std::move(text);
  return result;
}

// Builds, and destroys what it built before it answers: a module that crashes in its destructor is found out here, too.
LoadResult load(const Options& options, BuildRole role, uint64_t generation_id, Slot& slot) {
  DiskFileSource disk;
  RecordingFiles files(disk);
  Libraries libraries(Libraries::Unknown::read_disk);
  BuildInput input = build_input(options, role, generation_id);
  input.files = &files;
  input.libraries = &libraries;
  input.zone_fd = [](const ZoneSpec&) { return -1; };
  input.log_fd = [](const std::string&) { return -1; };
  input.progress = [&slot](std::string_view what) { slot.activity->set(what); };
  auto output = build_generation(input);
  if (!output) return refused(std::move(output.error().text));
  slot.activity->set("freezing the snapshot");
  auto archive = files.archive().to_memory_file();
  if (!archive) return refused(std::move(archive.error().text));
  LoadResult result = describe(*output, libraries, std::move(*archive), role);
  slot.activity->set("destroying the trial configuration");
  output->listeners.clear();
  output->generation.reset();
  return result;
}

// What the master has open beside the lines to write logs on would outlive it here.
void keep_only(const Channel& channel, const Configuration& running) {
  std::vector<int> kept{channel.fd()};
  for (const auto& log : running.logs) kept.push_back(log->fd.get());
  close_all_but(std::move(kept));
}

[[noreturn]] void run_loader(const Options& options, BuildRole role, uint64_t generation_id, Channel channel, Slot& slot) {
  reset_signals();
  signal(SIGPIPE, SIG_IGN);
  Clock::of_thread().refresh();
  LoadResult result = load(options, role, generation_id, slot);
  auto sent = send_load_result(channel, result);
  if (!sent) LOG(Logger::process(), alert, "loader: ", sent.error().text);
  _exit(sent ? 0 : 1);
}

}  // namespace

std::string describe_exit(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return concat("exited with code ", WEXITSTATUS(wait_status));
  int signal = WTERMSIG(wait_status);
  return concat("was killed by signal ", signal, " (", strsignal(signal), ')');
}

Result<std::unique_ptr<LoaderProcess>> LoaderProcess::start(const Options& options, BuildRole role, uint64_t generation_id,
                                                            Milliseconds timeout, Slots& slots, ProcessTitle& title,
                                                            const Configuration* running) {
  TRY_ASSIGN(Channel::Ends ends, Channel::open());
  Slot* slot = slots.take();
  if (slot == nullptr) return Error(ErrorKind::unavailable, "too many processes");
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid < 0) {
    slots.give_back(*slot);
    return os_error("fork()", errno);
  }
  if (pid == 0) {
    title.set("loader process");
    end_with_parent(parent);
    ends.master = Channel();
    if (running != nullptr) keep_only(ends.child, *running);
    run_loader(options, role, generation_id, std::move(ends.child), *slot);
  }
  return std::unique_ptr<LoaderProcess>(new LoaderProcess(pid, std::move(ends.master), slots, *slot, timeout));
}

LoaderProcess::LoaderProcess(pid_t pid, Channel channel, Slots& slots, Slot& slot, Milliseconds timeout)
    : pid_(pid), channel_(std::move(channel)), slots_(slots), slot_(slot), timeout_(timeout),
      deadline_(monotonic_now() + static_cast<Tick>(timeout.count())) {
  channel_.set_non_blocking();
}

LoaderProcess::~LoaderProcess() { reap(); }

std::optional<Result<LoadResult>> LoaderProcess::outcome() {
  auto letter = channel_.receive();
  if (!letter) return Result<LoadResult>(died());
  if (letter->has_value()) return read_load_result(std::move(**letter));
  if (monotonic_now() >= deadline_) return Result<LoadResult>(too_slow());
  return std::nullopt;
}

Result<LoadResult> LoaderProcess::wait() {
  for (;;) {
    if (auto result = outcome()) return std::move(*result);
    pollfd readable{fd(), POLLIN, 0};
    Tick now = monotonic_now();
    poll(&readable, 1, now < deadline_ ? static_cast<int>(deadline_ - now) : 0);
  }
}

// A process that ended keeps its own status: killing it again changes nothing.
int LoaderProcess::reap() {
  if (pid_ < 0) return 0;
  int status = 0;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  slots_.give_back(slot_);
  return status;
}

Error LoaderProcess::died() {
  std::string doing = slot_.while_doing();
  return Error(ErrorKind::internal, concat("loader ", describe_exit(reap()), doing));
}

Error LoaderProcess::too_slow() {
  std::string time = timeout_.count() % 1000 == 0 ? concat(timeout_.count() / 1000, 's') : concat(timeout_.count(), "ms");
  return Error(ErrorKind::timeout, concat("loader did not finish within ", time, slot_.while_doing()));
}

}  // namespace sluice
