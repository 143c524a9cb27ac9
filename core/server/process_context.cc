#include <sluice/server/process_context.h>

#include <algorithm>

#include <sluice/base/check.h>
#include <sluice/server/generation.h>

namespace sluice {

ProcessContext::~ProcessContext() {
  held_.clear();
  release_.generations.clear();
  objects_.clear();
  while (!order_.empty()) order_.pop_back();
}

void ProcessContext::hold(const Generation& generation) {
  for (Held& held : held_) {
    if (held.generation.get() == &generation) {
      ++held.times;
      return;
    }
  }
  held_.push_back({generation.shared_from_this(), 1});
}

void ProcessContext::let_go(const Generation& generation) {
  auto held = std::find_if(held_.begin(), held_.end(), [&](const Held& one) { return one.generation.get() == &generation; });
  CHECK(held != held_.end());
  if (--held->times > 0) return;
  release_.generations.push_back(std::move(held->generation));
  held_.erase(held);
  loop.post(release_);
}

// Freeing one may let go another one: that is for the next turn.
void ProcessContext::Release::on_posted() {
  auto gone = std::exchange(generations, {});
  gone.clear();
}

}  // namespace sluice
