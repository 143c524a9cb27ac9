#include "event/memory_trim.h"

#include <malloc.h>

#include <sluice/event/frame_pool.h>

namespace sluice {

void MemoryTrim::on_timer() {
  if (turns_ - seen_ >= kBusyTurns) return busy();
  release_free_frames();
  ::malloc_trim(0);
  ++count_;
}

}  // namespace sluice
