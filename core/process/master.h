// Master: the process that starts first and ends last. It holds sockets, zones, logs and the pid file, starts the others, and answers
// signals. It never loads a module and never runs code of one.
//
//   HUP reload   USR1 reopen logs   QUIT drain and end   TERM, INT end now
#pragma once

#include <poll.h>

#include <memory>
#include <vector>

#include "os/process_title.h"
#include "os/signals.h"
#include "process/children.h"
#include "process/configuration.h"
#include "process/daemon.h"
#include "process/options.h"
#include "process/pid_file.h"
#include "process/reload.h"
#include "process/report.h"
#include "process/slots.h"

namespace sluice {

class Master {
 public:
  // `early` and its log serve until the first configuration is in effect.
  Master(const Options& options, const MainConf& early, EarlyLog& early_log, StartReport start, ProcessTitle& title);

  // run serves until a signal ends it, and returns the exit code: 1 when it could not start.
  int run();

 private:
  struct Respawn {
    ProcessKind kind;
    int index;
    Tick when;
  };

  Result<void> begin();
  void turn();
  void wait_for_events();

  void on_signals();
  void on_signal(const signalfd_siginfo& signal);
  void on_letters(ChildHandle& child);
  void on_letter(ChildHandle& child, Letter letter);
  void on_ended(Children::Ended ended);
  void forget_requests(pid_t process);
  void log_end(const ChildHandle& child, int wait_status);
  // A place is filled when the running configuration has it and nobody is there, whether who was there died or was dismissed: a reload
  // that fails takes back a process that it found being respawned, too.
  void respawn_due();

  void ask_for_reload(pid_t signaller);
  void begin_reload(std::vector<pid_t> signallers);
  void finish_reload();
  void started();
  void start_failed(const std::string& reason);
  void reopen();
  void stop(int signal);

  Milliseconds watchdog() const { return current_ != nullptr ? current_->main.worker_watchdog : Milliseconds(0); }

  const Options& options_;
  const MainConf early_;
  EarlyLog& early_log_;
  StartReport start_;
  ProcessTitle& title_;
  std::unique_ptr<Slots> slots_;
  std::optional<Signals> signals_;
  std::unique_ptr<Configuration> current_;
  std::unique_ptr<Children> children_;
  std::unique_ptr<Reload> reload_;
  std::vector<pid_t> reloading_for_;         // who hears how the running reload went
  std::vector<pid_t> waiting_for_reload_;    // signals that came meanwhile: one more reload for all of them
  std::vector<Respawn> respawns_;
  CrashHistory crashes_;
  PidFile pid_file_;
  uint64_t generations_ = 0;
  uint64_t socket_ids_ = 0;
  bool serving_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace sluice
