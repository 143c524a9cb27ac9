#include <sluice/event/frame_pool.h>

#include <cstdlib>

#include <sluice/base/check.h>

namespace sluice {

namespace detail {

constinit thread_local FramePool frame_pool{};

#ifdef SLUICE_FRAMES_FROM_MALLOC

void* frame_allocate_slow(size_t bytes) {
  void* memory = std::malloc(bytes);
  CHECK(memory != nullptr);
  return memory;
}

#else

namespace {

// A frame may be freed after its thread's other variables are gone (their destructors have no useful order): then nothing is kept.
struct PoolCloser {
  ~PoolCloser() {
    release_free_frames();
    for (auto& list : frame_pool.lists) list.room = 0;
  }
};

void open_pool() {
  frame_pool.open = true;
  for (auto& list : frame_pool.lists) list.room = FramePool::kKeptPerClass;
  static thread_local PoolCloser closer;
  (void)closer;
}

}  // namespace

void* frame_allocate_slow(size_t bytes) {
  if (!frame_pool.open) open_pool();
  const size_t index = FramePool::class_of(bytes);
  void* memory = std::malloc(index < FramePool::kClasses ? (index + 1) * FramePool::kClassBytes : bytes);
  CHECK(memory != nullptr);
  return memory;
}

#endif

void frame_free_slow(void* frame, size_t) { std::free(frame); }

}  // namespace detail

void release_free_frames() {
  for (auto& list : detail::frame_pool.lists) {
    while (list.first != nullptr) {
      std::free(std::exchange(list.first, list.first->next));
      ++list.room;
    }
  }
}

}  // namespace sluice
