#include "process/children.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>

#include "os/process.h"
#include "os/signals.h"

namespace sluice {

namespace {

constexpr Tick kAbortPatience = 200;
constexpr Tick kDeathWindow = 10'000;
constexpr size_t kDeathsInWindow = 5;
constexpr Tick kRespawnDelay = 1000;

}  // namespace

std::string ChildHandle::name() const { return concat(child_name(kind), ' ', pid); }

Result<ChildHandle*> Children::spawn(ProcessKind kind, int index, const Configuration& configuration) {
  TRY_ASSIGN(Channel::Ends ends, Channel::open());
  Slot* slot = slots_.take();
  if (slot == nullptr) return Error(ErrorKind::unavailable, "too many processes");
  pid_t pid = fork();
  if (pid < 0) {
    slots_.give_back(*slot);
    return os_error("fork()", errno);
  }
  if (pid == 0) {
    ChildSetup setup{options_, configuration, kind, index, *slot, title_, user_};
    run_child(setup, std::move(ends.child));
  }
  ends.master.set_non_blocking();
  auto pidfd = open_pidfd(pid);
  auto child = std::make_unique<ChildHandle>(ChildHandle{kind, index, pid, pidfd ? std::move(*pidfd) : Fd(), std::move(ends.master), *slot});
  LOG(Logger::process(), notice, "start ", child->name());
  children_.push_back(std::move(child));
  return children_.back().get();
}

void Children::assign(ChildHandle& child, const Configuration& configuration, BuildRole role, bool commit_at_once) {
  child.state = ChildHandle::State::preparing;
  child.assigned = configuration.generation_id;
  auto sent = send_assignment(child.channel, configuration, {role, commit_at_once, child.index});
  if (sent) return;
  LOG(Logger::process(), alert, "cannot send ", child.name(), " its configuration: ", sent.error().text);
  kill_now(child);
}

void Children::tell(ChildHandle& child, LetterKind kind) {
  auto sent = child.channel.send(kind);
  if (sent) return;
  LOG(Logger::process(), alert, "cannot speak to ", child.name(), ": ", sent.error().text);
  kill_now(child);
}

void Children::send_logs_to_all(const std::vector<std::shared_ptr<LogFile>>& logs) {
  for (const auto& child : children_) {
    auto sent = send_logs(child->channel, logs);
    if (!sent) LOG(Logger::process(), alert, "cannot send ", child->name(), " its logs: ", sent.error().text);
  }
}

ChildHandle* Children::find(ProcessKind kind, int index) {
  for (const auto& child : children_)
    if (child->kind == kind && child->index == index && child->state != ChildHandle::State::leaving) return child.get();
  return nullptr;
}

void Children::dismiss(ChildHandle& child, int signal) {
  child.state = ChildHandle::State::leaving;
  if (signal == SIGTERM) child.kill_at = monotonic_now() + kStopPatience;
  kill(child.pid, signal);
}

void Children::kill_now(ChildHandle& child) { kill(child.pid, SIGKILL); }

void Children::watch(Milliseconds limit) {
  Tick now = monotonic_now();
  bool was_stopped = last_watch_ != 0 && now - last_watch_ > 10 * kWatchInterval;
  last_watch_ = now;
  if (was_stopped) no_verdict_before_ = now + static_cast<Tick>(limit.count());
  for (const auto& child : children_) {
    if (child->kill_at != 0) {
      if (now >= child->kill_at) kill_now(*child);
      continue;
    }
    uint64_t silent = silent_for(*child->slot.shared, now);
    if (limit.count() == 0 || silent < static_cast<uint64_t>(limit.count()) || now < no_verdict_before_) continue;
    LOG(Logger::process(), alert, child->name(), " has been hung for ", silent, " ms and is killed");
    kill(child->pid, SIGABRT);
    child->kill_at = now + kAbortPatience;
  }
}

std::optional<Children::Ended> Children::reap() {
  for (auto it = children_.begin(); it != children_.end(); ++it) {
    int status = 0;
    if (waitpid((*it)->pid, &status, WNOHANG) != (*it)->pid) continue;
    Ended ended{std::move(*it), status};
    children_.erase(it);
    return ended;
  }
  return std::nullopt;
}

void Children::reap_orphans(pid_t loader) {
  if (getpid() != 1) return;
  for (;;) {
    siginfo_t ended = {};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0 || ended.si_pid == loader) return;
    bool known = std::any_of(children_.begin(), children_.end(), [&](const auto& child) { return child->pid == ended.si_pid; });
    if (known) return;
    waitpid(ended.si_pid, nullptr, WNOHANG);
  }
}

Tick CrashHistory::record(ProcessKind kind, int index, Tick now) {
  std::deque<Tick>& deaths = deaths_[{kind, index}];
  deaths.push_back(now);
  while (now - deaths.front() > kDeathWindow) deaths.pop_front();
  return deaths.size() > kDeathsInWindow ? now + kRespawnDelay : now;
}

}  // namespace sluice
