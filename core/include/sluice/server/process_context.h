// ProcessContext: what lives as long as a worker (or control) process, across generations: its loop, its number, and one object per
// type for those who need state of that life (the upstream connection pools).
#pragma once

#include <functional>
#include <map>
#include <vector>
#include <memory>
#include <string>

#include <sluice/base/api.h>
#include <sluice/event/event_loop.h>

namespace sluice {

class Generation;
class Metrics;

enum class ProcessKind : uint8_t { worker, control, single };  // single: master_process off; serves and does the chores

class SLUICE_API ProcessContext {
 public:
  ProcessContext(EventLoop& its_loop, ProcessKind its_kind, int id, int workers)
      : loop(its_loop), kind(its_kind), worker_id(id), worker_count(workers) {}
  ~ProcessContext();

  EventLoop& loop;
  const ProcessKind kind;
  const int worker_id;       // 0.. for workers; -1 for control
  int worker_count;          // a reload may change it
  Metrics* metrics = nullptr;  // this process's slot; null in unit tests
  bool exiting = false;      // graceful shutdown has begun (ngx.worker.exiting)

  // hold keeps the generation alive until as many let_go: for work of a module that goes on when no exchange does (a timer's function).
  // It is freed in the next turn of the loop, never inside let_go, which may be called by its own code. What is still held when the
  // process ends is freed then, without let_go. REQUIRES: the generation is owned by a shared pointer.
  void hold(const Generation& generation);
  void let_go(const Generation& generation);

  bool serves() const { return kind != ProcessKind::control; }
  bool does_chores() const { return kind != ProcessKind::worker; }

  // shared returns the process's T named `key`, made on first use. Destroyed in reverse order of making.
  template <class T>
  T& shared(const std::string& key) {
    auto it = objects_.find(key);
    if (it == objects_.end()) {
      it = objects_.emplace(key, std::static_pointer_cast<void>(std::make_shared<T>(*this))).first;
      order_.push_back(it->second);
    }
    return *static_cast<T*>(it->second.get());
  }

 private:
  struct Held {
    std::shared_ptr<const Generation> generation;
    size_t times;
  };
  class Release final : public Posted {
   public:
    std::vector<std::shared_ptr<const Generation>> generations;

   private:
    void on_posted() override;
  };

  std::vector<Held> held_;
  Release release_;
  std::map<std::string, std::shared_ptr<void>> objects_;
  std::vector<std::shared_ptr<void>> order_;
};

}  // namespace sluice
