// Reload: one change of configuration, the first one included, from reading the disk to serving.
//
//   loading -> control -> workers -> committing -> done
//      \---------\----------\------------\-> failed: the running configuration stays
//
// The loader tries everything out; then the master opens what is new; then the control process builds, whose init code alone may write to
// zones; then all workers build, still serving the old generation. Only when everyone is prepared does everyone swap.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "process/children.h"
#include "process/configuration.h"
#include "process/loader.h"

namespace sluice {

class Reload {
 public:
  struct Context {
    const Options& options;
    ProcessTitle& title;
    Slots& slots;
    Children& children;
    std::unique_ptr<Configuration>& current;  // replaced when everyone is prepared; null before the first one
    uint64_t& next_socket_id;
    bool predecessor_died = false;
  };
  Reload(const Context& context, uint64_t generation_id, Milliseconds timeout)
      : context_(context), generation_id_(generation_id), timeout_(timeout) {}
  ~Reload();

  // begin starts the loader. The other functions are called when something happened; outcome() then tells whether it is over.
  void begin();
  void on_loader_readable();
  void on_letter(ChildHandle& child, const Letter& letter);
  void on_child_ended(const ChildHandle& child, int wait_status);
  void on_time(Tick now);
  // abort ends it: the master stops.
  void abort(std::string reason);

  pid_t loader_pid() const { return loader_ != nullptr ? loader_->pid() : -1; }
  int loader_fd() const { return loader_ != nullptr ? loader_->fd() : -1; }  // -1: no loader runs
  const std::optional<Result<void>>& outcome() const { return outcome_; }
  // committed: everyone was prepared, and the new configuration is the current one.
  bool committed() const { return committed_; }

 private:
  enum class Stage : uint8_t { loading, control, workers, committing, over };

  void loaded(LoadResult result);
  Result<void> check_user(const MainConf& main);
  void warn_of_late_changes(const MainConf& main) const;
  void enter(Stage stage);
  void prepare(ProcessKind kind, int index, BuildRole role);
  void prepare_workers();
  void advance();
  bool everyone(ChildHandle::State state) const;
  void commit();
  void dismiss_surplus();
  void take_back();
  void fail(std::string reason);
  std::string time_text() const;

  Context context_;
  const uint64_t generation_id_;
  Milliseconds timeout_;
  Stage stage_ = Stage::loading;
  bool committed_ = false;
  Tick deadline_ = 0;
  std::unique_ptr<LoaderProcess> loader_;
  std::unique_ptr<Configuration> next_;
  std::optional<Result<void>> outcome_;
};

}  // namespace sluice
