// Children: the workers and the control process as the master sees them: started, spoken to, watched, waited for and started again.
#pragma once

#include <sys/types.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/child.h"

namespace sluice {

struct ChildHandle {
  enum class State : uint8_t {
    idle,       // has no generation yet
    preparing,  // builds one
    prepared,
    committing,
    serving,    // serves one, and no other is on its way
    leaving,    // was told to go; nobody takes its place
  };
  ProcessKind kind;
  int index;       // -1 for control
  pid_t pid;
  Fd pidfd;
  Channel channel;
  Slot& slot;
  State state = State::idle;
  uint64_t assigned = 0;        // the generation that it builds or has; 0: none, or it was taken back
  bool served = false;          // has a generation that it goes on with when a new one fails
  Tick kill_at = 0;             // SIGKILL then: it was aborted by the watchdog or told to stop
  bool failed_to_stop = false;  // the watchdog has spoken

  std::string name() const;     // "worker process 123"
};

class Children {
 public:
  Children(const Options& options, ProcessTitle& title, Slots& slots) : options_(options), title_(title), slots_(slots) {}

  // Who becomes what: set before the first spawn; nothing: children keep the master's user.
  void set_user(std::optional<UserIds> user) { user_ = std::move(user); }

  // spawn forks a child; it waits for its first assignment. The configuration gives main values and logs.
  Result<ChildHandle*> spawn(ProcessKind kind, int index, const Configuration& configuration);
  // assign sends the configuration to build. A child that cannot take it is killed; its end is noticed like any other.
  void assign(ChildHandle& child, const Configuration& configuration, BuildRole role, bool commit_at_once);
  void tell(ChildHandle& child, LetterKind kind);
  void send_logs_to_all(const std::vector<std::shared_ptr<LogFile>>& logs);

  // find gives the child that holds the place (not one that leaves), or null.
  ChildHandle* find(ProcessKind kind, int index);
  const std::vector<std::unique_ptr<ChildHandle>>& all() const { return children_; }
  bool empty() const { return children_.empty(); }

  // dismiss tells a child to go: SIGQUIT drains, SIGTERM ends. With SIGTERM it is killed when it is not gone after kStopPatience.
  void dismiss(ChildHandle& child, int signal);
  void kill_now(ChildHandle& child);

  // watch kills children whose loop has not turned for `limit`: SIGABRT first, whose handler writes the obituary, SIGKILL 200 ms later;
  // and those whose time to stop is over. Call it every kWatchInterval.
  void watch(Milliseconds limit);

  // reap waits for one child that has ended and takes it out; nothing when none has.
  struct Ended {
    std::unique_ptr<ChildHandle> child;
    int wait_status;
  };
  std::optional<Ended> reap();

  // reap_orphans waits for those that ended and that init would have: process 1 inherits them. `loader` (-1: none) is left to its owner.
  void reap_orphans(pid_t loader);

  static constexpr Tick kWatchInterval = 100;
  static constexpr Tick kStopPatience = 2000;

 private:
  const Options& options_;
  ProcessTitle& title_;
  Slots& slots_;
  std::optional<UserIds> user_;
  std::vector<std::unique_ptr<ChildHandle>> children_;
  Tick last_watch_ = 0;
  Tick no_verdict_before_ = 0;  // the master itself was stopped: everyone gets the whole limit again
};

// CrashHistory delays the respawn of a place whose processes keep dying: more than 5 deaths in 10 s, and the next start waits 1 s.
class CrashHistory {
 public:
  // record notes a death and gives the time of the next start.
  Tick record(ProcessKind kind, int index, Tick now);

 private:
  std::map<std::pair<ProcessKind, int>, std::deque<Tick>> deaths_;
};

}  // namespace sluice
