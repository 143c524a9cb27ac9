#include "process/reload.h"

#include <signal.h>
#include <unistd.h>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>

namespace sluice {

namespace {
using State = ChildHandle::State;
}

Reload::~Reload() = default;

void Reload::begin() {
  BuildRole role = BuildRole::loader;
  auto loader = LoaderProcess::start(context_.options, role, generation_id_, timeout_, context_.slots, context_.title,
                                     context_.current.get());
  if (!loader) return fail(std::move(loader.error().text));
  loader_ = std::move(*loader);
  deadline_ = loader_->deadline();
}

void Reload::on_loader_readable() {
  if (loader_ == nullptr) return;
  auto outcome = loader_->outcome();
  if (!outcome) return;
  loader_.reset();
  if (!*outcome) return fail(std::move(outcome->error().text));
  if (!(*outcome)->error.empty()) return fail(std::move((*outcome)->error));
  loaded(std::move(**outcome));
}

void Reload::loaded(LoadResult result) {
  for (const std::string& warning : result.warnings) LOG(Logger::process(), warn, warning);
  if (auto user = check_user(result.main); !user) return fail(std::move(user.error().text));
  warn_of_late_changes(result.main);
  timeout_ = result.main.reload_timeout;
  OpenContext open{context_.current.get(), &context_.next_socket_id, context_.predecessor_died};
  auto made = make_configuration(std::move(result), generation_id_, open);
  if (!made) return fail(std::move(made.error().text));
  next_ = std::make_unique<Configuration>(std::move(*made));
  enter(Stage::control);
  prepare(ProcessKind::control, -1, BuildRole::owner);
}

// Workers cannot change who they are; the first configuration decides.
Result<void> Reload::check_user(const MainConf& main) {
  if (geteuid() != 0) {
    if (context_.current == nullptr && !main.user.empty())
      LOG(Logger::process(), warn, "the \"user\" directive makes sense only if the master process runs with super-user privileges, ignored");
    return {};
  }
  TRY_ASSIGN(UserIds ids, workers_user(main));
  if (context_.current == nullptr) {
    context_.children.set_user(std::move(ids));
  } else if (main.user != context_.current->main.user || main.group != context_.current->main.group) {
    LOG(Logger::process(), warn, "a change of \"user\" takes effect after a restart");
  }
  return {};
}

// What a process is given when it starts stays with it.
void Reload::warn_of_late_changes(const MainConf& main) const {
  if (context_.current == nullptr) return;
  const MainConf& running = context_.current->main;
  auto check = [](bool same, std::string_view directive) {
    if (!same) LOG(Logger::process(), warn, "a change of \"", directive, "\" takes effect in processes that start from now on");
  };
  check(main.environment == running.environment, "env");
  check(main.working_directory == running.working_directory, "working_directory");
  check(main.worker_rlimit_nofile == running.worker_rlimit_nofile, "worker_rlimit_nofile");
  check(main.worker_rlimit_core == running.worker_rlimit_core && main.has_rlimit_core == running.has_rlimit_core, "worker_rlimit_core");
  check(main.worker_priority == running.worker_priority, "worker_priority");
  check(main.worker_cpu_affinity == running.worker_cpu_affinity, "worker_cpu_affinity");
}

void Reload::enter(Stage stage) {
  stage_ = stage;
  deadline_ = monotonic_now() + static_cast<Tick>(timeout_.count());
}

void Reload::prepare(ProcessKind kind, int index, BuildRole role) {
  ChildHandle* child = context_.children.find(kind, index);
  if (child == nullptr) {
    auto spawned = context_.children.spawn(kind, index, *next_);
    if (!spawned) return fail(std::move(spawned.error().text));
    child = *spawned;
  }
  context_.children.assign(*child, *next_, role, false);
}

void Reload::prepare_workers() {
  enter(Stage::workers);
  for (int index = 0; index < next_->main.worker_processes && !outcome_; ++index) prepare(ProcessKind::worker, index, BuildRole::replay);
}

void Reload::on_letter(ChildHandle& child, const Letter& letter) {
  // Nobody takes back who was to serve the configuration that is in effect: its place is filled again.
  if (letter.kind == LetterKind::failed && committed_ && !child.served) context_.children.kill_now(child);
  if (stage_ == Stage::over) return;
  switch (letter.kind) {
    case LetterKind::failed:
      child.state = child.served ? State::serving : State::idle;
      return fail(concat(child.name(), ": ", letter.body));
    case LetterKind::prepared:
    case LetterKind::serving: return advance();
    default: return;
  }
}

void Reload::advance() {
  if (stage_ == Stage::control && everyone(State::prepared)) return prepare_workers();
  if (stage_ == Stage::workers && everyone(State::prepared)) return commit();
  if (stage_ == Stage::committing && everyone(State::serving)) {
    stage_ = Stage::over;
    outcome_ = Result<void>();
  }
}

// Everyone who takes part in this stage.
bool Reload::everyone(State state) const {
  const ChildHandle* control = context_.children.find(ProcessKind::control, -1);
  if (control == nullptr || control->state != state) return false;
  int workers = stage_ == Stage::control ? 0 : (next_ != nullptr ? *next_ : *context_.current).main.worker_processes;
  for (int index = 0; index < workers; ++index) {
    const ChildHandle* worker = context_.children.find(ProcessKind::worker, index);
    if (worker == nullptr || worker->state != state) return false;
  }
  return true;
}

void Reload::commit() {
  enter(Stage::committing);
  committed_ = true;
  for (const auto& child : context_.children.all()) {
    if (child->state != State::prepared) continue;
    child->state = State::committing;
    context_.children.tell(*child, LetterKind::commit);
  }
  std::unique_ptr<Configuration> old = std::exchange(context_.current, std::move(next_));
  const Configuration& current = *context_.current;
  // Nobody new comes to a worker that leaves; it accepts who queues at its sockets, and its copies of them are the last ones.
  bool shrinks = old != nullptr && old->main.worker_processes > current.main.worker_processes;
  steer_to_workers(current, shrinks ? current.main.worker_processes : 0);
  old.reset();
  use_error_logs(context_.options, current.main, [&current](const std::string& path) {
    for (const auto& log : current.logs)
      if (log->path == path) return log->fd.get();
    return -1;
  });
  dismiss_surplus();
}

void Reload::dismiss_surplus() {
  for (const auto& child : context_.children.all()) {
    bool surplus = child->index >= context_.current->main.worker_processes && child->state != State::leaving;
    if (surplus) context_.children.dismiss(*child, SIGQUIT);
  }
}

void Reload::on_child_ended(const ChildHandle& child, int wait_status) {
  bool building = stage_ == Stage::control || stage_ == Stage::workers;
  bool part = child.state == State::preparing || child.state == State::prepared;
  if (building && part) return fail(concat(child.name(), ' ', describe_exit(wait_status), child.slot.while_doing()));
  if (stage_ == Stage::committing && context_.current != nullptr && generation_id_ == 1) {
    fail(concat(child.name(), ' ', describe_exit(wait_status), " while it started"));
  }
}

void Reload::on_time(Tick now) {
  if (stage_ == Stage::over || now < deadline_) return;
  if (loader_ != nullptr) return on_loader_readable();
  for (const auto& child : context_.children.all()) {
    if (child->state != State::preparing && child->state != State::committing) continue;
    std::string reason = concat(child->name(), " did not take the configuration within ", time_text(), child->slot.while_doing());
    if (child->state == State::preparing) context_.children.kill_now(*child);  // its builder cannot be stopped otherwise
    return fail(std::move(reason));
  }
  fail(concat("not everyone took the configuration within ", time_text()));
}

void Reload::abort(std::string reason) {
  loader_.reset();
  if (stage_ != Stage::over) fail(std::move(reason));
}

// Who was prepared drops it; who was started for it goes.
void Reload::take_back() {
  for (const auto& child : context_.children.all()) {
    bool part = child->state == State::preparing || child->state == State::prepared || child->state == State::idle;
    if (!part) continue;
    if (!child->served) {
      context_.children.dismiss(*child, SIGTERM);
    } else {
      child->state = State::serving;
      child->assigned = 0;
      context_.children.tell(*child, LetterKind::abandon);
    }
  }
}

void Reload::fail(std::string reason) {
  if (outcome_) return;
  stage_ = Stage::over;
  outcome_ = Result<void>(Error(ErrorKind::config, std::move(reason), ErrorSource::config));
  if (!committed_) take_back();
  next_.reset();
}

std::string Reload::time_text() const {
  return timeout_.count() % 1000 == 0 ? concat(timeout_.count() / 1000, 's') : concat(timeout_.count(), "ms");
}

}  // namespace sluice
