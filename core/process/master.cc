#include "process/master.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>

#include "os/process.h"
#include "process/assignment.h"
#include "process/signal_answer.h"
#include "upstream/peer_states.h"

namespace sluice {

namespace {

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return concat("signal ", signal, " (SIG", name != nullptr ? name : "?", ')');
}

}  // namespace

Master::Master(const Options& options, const MainConf& early, EarlyLog& early_log, StartReport start, ProcessTitle& title)
    : options_(options), early_(early), early_log_(early_log), start_(std::move(start)), title_(title) {}

int Master::run() {
  auto begun = begin();
  if (!begun) {
    report(LogLevel::emerg, begun.error().text);
    return 1;
  }
  while (!stopping_ || !children_->empty()) turn();
  reload_.reset();
  LOG(Logger::process(), notice, "exit");
  return exit_code_;
}

Result<void> Master::begin() {
  title_.set(concat("master process ", title_.arguments()));
  signal(SIGPIPE, SIG_IGN);
  raise_open_files_limit();
  TRY_ASSIGN(slots_, Slots::make());
  TRY_ASSIGN(Signals signals, Signals::open({SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD}));
  signals_.emplace(std::move(signals));
  children_ = std::make_unique<Children>(options_, title_, *slots_);
  begin_reload({});
  return {};
}

void Master::turn() {
  wait_for_events();
  Clock::of_thread().refresh();
  on_signals();
  for (size_t i = 0; i < children_->all().size(); ++i) on_letters(*children_->all()[i]);
  while (auto ended = children_->reap()) on_ended(std::move(*ended));
  children_->reap_orphans(reload_ != nullptr ? reload_->loader_pid() : -1);
  children_->watch(watchdog());
  if (reload_ != nullptr) {
    reload_->on_loader_readable();
    reload_->on_time(monotonic_now());
    if (reload_->outcome()) finish_reload();
  }
  respawn_due();
}

void Master::wait_for_events() {
  std::vector<pollfd> fds{{signals_->fd(), POLLIN, 0}};
  for (const auto& child : children_->all())
    if (child->channel.fd() >= 0) fds.push_back({child->channel.fd(), POLLIN, 0});
  if (reload_ != nullptr && reload_->loader_fd() >= 0) fds.push_back({reload_->loader_fd(), POLLIN, 0});
  int timeout = children_->empty() && reload_ == nullptr && respawns_.empty() ? -1 : static_cast<int>(Children::kWatchInterval);
  bool at_once = reload_ != nullptr && reload_->outcome();
  poll(fds.data(), fds.size(), at_once ? 0 : timeout);
}

// --- signals

void Master::on_signals() {
  while (auto signal = signals_->next()) on_signal(*signal);
}

void Master::on_signal(const signalfd_siginfo& signal) {
  int number = static_cast<int>(signal.ssi_signo);
  auto sender = static_cast<pid_t>(signal.ssi_pid);
  if (number == SIGCHLD) return;  // reaped every turn
  auto log = [&](std::string_view what) {
    LOG(Logger::process(), notice, signal_name(number), " received from ", sender, what);
  };
  switch (number) {
    case SIGHUP:
      log(", reconfiguring");
      return ask_for_reload(sender);
    case SIGUSR1:
      log(", reopening logs");
      return reopen();
    case SIGQUIT:
      log(", shutting down");
      return stop(SIGQUIT);
    case SIGINT:
    case SIGTERM:
      log(", exiting");
      return stop(SIGTERM);
    default: return log(", ignored: not supported");
  }
}

void Master::reopen() {
  if (current_ == nullptr) return;
  LOG(Logger::process(), notice, "reopening logs");
  if (auto reopened = reopen_logs(current_->logs); !reopened) LOG(Logger::process(), emerg, reopened.error().text);
  children_->send_logs_to_all(current_->logs);
}

// A second signal may be stricter than the first.
void Master::stop(int signal) {
  stopping_ = true;
  respawns_.clear();
  if (reload_ != nullptr) {
    reload_->abort("the master process was told to stop");
    finish_reload();
  }
  for (pid_t signaller : std::exchange(waiting_for_reload_, {}))
    answer_signal(signaller, SignalAnswer::failed, "the master process was told to stop");
  if (current_ != nullptr) current_->sockets.clear();  // the workers' copies are the last ones: they end with their queues served
  for (const auto& child : children_->all()) {
    bool told = child->state == ChildHandle::State::leaving && signal == SIGQUIT;
    if (!told) children_->dismiss(*child, signal);
  }
}

// --- children

void Master::on_letters(ChildHandle& child) {
  while (child.channel.fd() >= 0) {
    auto letter = child.channel.receive();
    if (!letter) child.channel = Channel();  // it ended, or will be found hung
    if (!letter || !letter->has_value()) return;
    on_letter(child, std::move(**letter));
  }
}

void Master::on_letter(ChildHandle& child, Letter letter) {
  using State = ChildHandle::State;
  if (child.state == State::leaving) return;
  if (letter.kind == LetterKind::serving) child.served = true;
  Answer answer = read_answer(letter);
  bool late = answer.generation_id != 0 && answer.generation_id != child.assigned;  // another one is on its way by now
  if (late) return;
  if (letter.kind == LetterKind::prepared) child.state = State::prepared;
  if (letter.kind == LetterKind::serving) child.state = State::serving;
  letter.body = std::move(answer.text);
  if (reload_ != nullptr) return reload_->on_letter(child, letter);
  if (letter.kind == LetterKind::failed && !child.served) children_->kill_now(child);  // a respawn that cannot build: again, later
}

void Master::on_ended(Children::Ended ended) {
  ChildHandle& child = *ended.child;
  on_letters(child);
  log_end(child, ended.wait_status);
  bool died = child.state != ChildHandle::State::leaving && !stopping_;
  if (reload_ != nullptr && died) reload_->on_child_ended(child, ended.wait_status);
  if (!stopping_ && current_ != nullptr) {
    Tick now = monotonic_now();
    respawns_.push_back({child.kind, child.index, died ? crashes_.record(child.kind, child.index, now) : now});
  }
  forget_requests(child.pid);
  slots_->give_back(child.slot);
}

// What a process that was killed had in progress at peers is in progress no more.
void Master::forget_requests(pid_t process) {
  if (current_ == nullptr) return;
  for (const auto& zone : current_->zones) {
    auto forgotten = PeerStates::forget_process(zone->spec, zone->fd.get(), process);
    if (!forgotten) LOG(Logger::process(), alert, forgotten.error().text);
  }
}

void Master::log_end(const ChildHandle& child, int status) {
  Logger& log = Logger::process();
  if (!WIFSIGNALED(status)) {
    LOG(log, notice, child.name(), " exited with code ", WEXITSTATUS(status));
    return;
  }
  LOG(log, alert, child.name(), " exited on signal ", WTERMSIG(status), WCOREDUMP(status) ? " (core dumped)" : "");
  std::string obituary = obituary_of(*child.slot.shared);
  if (!obituary.empty()) LOG(log, alert, child.name(), " died ", obituary);
}

void Master::respawn_due() {
  Tick now = monotonic_now();
  std::vector<Respawn> later;
  for (const Respawn& respawn : std::exchange(respawns_, {})) {
    if (respawn.when > now) {
      later.push_back(respawn);
      continue;
    }
    bool wanted = respawn.index < current_->main.worker_processes && children_->find(respawn.kind, respawn.index) == nullptr;
    if (!wanted) continue;
    auto child = children_->spawn(respawn.kind, respawn.index, *current_);
    if (child) {
      children_->assign(**child, *current_, BuildRole::replay, true);
    } else {
      LOG(Logger::process(), alert, child.error().text);
      later.push_back({respawn.kind, respawn.index, now + 1000});
    }
  }
  respawns_.insert(respawns_.end(), later.begin(), later.end());
}

// --- configurations

void Master::ask_for_reload(pid_t signaller) {
  answer_signal(signaller, SignalAnswer::accepted);
  if (stopping_) return answer_signal(signaller, SignalAnswer::failed, "the master process was told to stop");
  if (reload_ != nullptr) {
    waiting_for_reload_.push_back(signaller);
  } else {
    LOG(Logger::process(), notice, "reconfiguring");
    begin_reload({signaller});
  }
}

void Master::begin_reload(std::vector<pid_t> signallers) {
  reloading_for_ = std::move(signallers);
  bool first = current_ == nullptr;
  Reload::Context context{options_, title_, *slots_, *children_, current_, socket_ids_,
                          first && names_dead_process(prefixed(options_, early_.pid))};
  Milliseconds timeout = first ? early_.reload_timeout : current_->main.reload_timeout;
  reload_ = std::make_unique<Reload>(context, ++generations_, timeout);
  reload_->begin();
}

void Master::finish_reload() {
  std::unique_ptr<Reload> reload = std::move(reload_);
  const Result<void>& outcome = *reload->outcome();
  if (!serving_) {
    if (outcome) started();
    if (!outcome) start_failed(outcome.error().text);
  } else if (stopping_) {
    LOG(Logger::process(), notice, "reload ended: the master process was told to stop");
  } else if (!outcome) {
    record(LogLevel::emerg, outcome.error().text);
    LOG(Logger::process(), error, "reload failed: ", outcome.error().text.substr(0, outcome.error().text.find('\n')),
        reload->committed() ? "; some processes serve the old configuration" : "; the running configuration stays");
  } else {
    if (auto written = pid_file_.write(prefixed(options_, current_->main.pid)); !written)
      LOG(Logger::process(), error, written.error().text);
    LOG(Logger::process(), notice, "reload done: generation ", current_->generation_id, " is in effect");
  }
  for (pid_t signaller : std::exchange(reloading_for_, {}))
    answer_signal(signaller, outcome ? SignalAnswer::done : SignalAnswer::failed, outcome ? std::string() : outcome.error().text);
  if (waiting_for_reload_.empty() || stopping_) return;
  LOG(Logger::process(), notice, "reconfiguring");
  begin_reload(std::exchange(waiting_for_reload_, {}));
}

void Master::started() {
  if (auto written = pid_file_.write(prefixed(options_, current_->main.pid)); !written) return start_failed(written.error().text);
  serving_ = true;
  early_log_.release();
  LOG(Logger::process(), notice, "sluice/", kVersion, " has started ", current_->main.worker_processes, " worker processes");
  start_.started();
}

void Master::start_failed(const std::string& reason) {
  report(LogLevel::emerg, reason);
  exit_code_ = stopping_ ? 0 : 1;
  stopping_ = true;
  for (const auto& child : children_->all()) children_->dismiss(*child, SIGTERM);
}

}  // namespace sluice
