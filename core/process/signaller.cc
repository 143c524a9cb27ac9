#include "process/signaller.h"

#include <signal.h>

#include <cerrno>

#include <sluice/base/strings.h>

#include "os/process.h"
#include "process/pid_file.h"
#include "process/report.h"
#include "process/signal_answer.h"

namespace sluice {

namespace {

constexpr int kAcceptTimeoutMs = 250;
constexpr int kAttempts = 12;

int signal_of(std::string_view name) {
  if (name == "stop") return SIGTERM;
  if (name == "quit") return SIGQUIT;
  if (name == "reopen") return SIGUSR1;
  return SIGHUP;
}

int fail(LogLevel level, const Error& error) {
  report(level, error.text);
  return 1;
}

Result<void> send(pid_t master, int signal) {
  if (kill(master, signal) != 0) return os_error(concat("kill(", master, ", ", signal, ')'), errno);
  return {};
}

// A HUP that comes while another one is pending merges with it, and the master learns of one sender only: then again.
Result<AnswerSocket::Answer> ask(AnswerSocket& answers, pid_t master, int master_fd) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY(send(master, SIGHUP));
    auto answer = answers.wait(master, master_fd, kAcceptTimeoutMs);
    if (answer || answer.error().kind != ErrorKind::timeout) return answer;
  }
  return Error(ErrorKind::timeout, "the master process does not answer; whether it has reloaded is unknown");
}

int reload(pid_t master, Milliseconds reload_timeout) {
  auto answers = AnswerSocket::open();
  if (!answers) return fail(LogLevel::alert, answers.error());
  auto master_fd = open_pidfd(master);
  if (!master_fd) return fail(LogLevel::alert, os_error(concat("kill(", master, ", ", SIGHUP, ')'), ESRCH));
  auto answer = ask(*answers, master, master_fd->get());
  int patience_ms = 10 * static_cast<int>(reload_timeout.count()) + 10'000;  // a running reload and its four stages come first
  while (answer && answer->kind == SignalAnswer::accepted) answer = answers->wait(master, master_fd->get(), patience_ms);
  if (!answer) return fail(LogLevel::error, answer.error());
  if (answer->kind == SignalAnswer::done) return 0;
  show(LogLevel::emerg, answer->text);
  return 1;
}

}  // namespace

int send_signal(const Options& options) {
  MainConf main;
  if (!read_early(options, main)) return 1;
  EarlyLog log(options, main);
  LOG(Logger::process(), notice, "signal process started");
  auto master = read_pid_file(prefixed(options, main.pid));
  if (!master) return fail(LogLevel::error, master.error());
  if (options.signal == "reload") return reload(*master, main.reload_timeout);
  auto sent = send(*master, signal_of(options.signal));
  return sent ? 0 : fail(LogLevel::alert, sent.error());
}

}  // namespace sluice
