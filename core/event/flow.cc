// Flow: the owner of an outermost task, whose last step reports here.
#include <sluice/event/task.h>

namespace sluice {

void Flow::start(Task<void> task, void (*done)(void*), void* context) {
  CHECK(!running());
  if (task.ready()) {
    if (done != nullptr) done(context);
    return;
  }
  done_ = done;
  context_ = context;
  task_ = std::move(task);
  auto handle = task_.handle_;
  handle.promise().flow = this;
  handle.resume();
}

void Flow::cancel() { task_.cancel(); }

// The frame goes first: `done` may start this flow again or destroy it.
void detail::flow_ended(Flow& flow) noexcept {
  auto done = flow.done_;
  void* context = flow.context_;
  flow.cancel();
  if (done != nullptr) done(context);
}

}  // namespace sluice
