// Memory for coroutine frames: one bounded free list per size class and thread. Under AddressSanitizer every frame is its own
// malloc, so that a use after the end of a task is found.
#include <sluice/event/task.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_FRAMES_FROM_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_FRAMES_FROM_MALLOC 1
#endif
#endif

namespace sluice {

namespace {

void* checked_malloc(size_t bytes) {
  void* memory = std::malloc(bytes);
  CHECK(memory != nullptr);
  return memory;
}

#ifndef SLUICE_FRAMES_FROM_MALLOC
constexpr size_t kClassBytes = 64;
constexpr size_t kLargestBytes = 2048;
constexpr size_t kClasses = kLargestBytes / kClassBytes;
constexpr uint32_t kKeptPerClass = 256;

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* first = nullptr;
  uint32_t count = 0;
};

// A frame may be freed after the pool of its thread is gone (thread-local destructors have no useful order): then nothing is kept.
struct FramePool {
  std::array<FreeList, kClasses> lists;
  uint32_t kept_per_class = kKeptPerClass;

  ~FramePool() {
    kept_per_class = 0;
    for (auto& list : lists) {
      while (list.first != nullptr) std::free(std::exchange(list.first, list.first->next));
      list.count = 0;
    }
  }
};

thread_local FramePool frame_pool;

size_t class_of(size_t bytes) { return (bytes - 1) / kClassBytes; }
#endif

}  // namespace

#ifdef SLUICE_FRAMES_FROM_MALLOC

void* frame_allocate(size_t bytes) { return checked_malloc(bytes); }
void frame_free(void* frame, size_t) { std::free(frame); }

#else

void* frame_allocate(size_t bytes) {
  size_t index = class_of(bytes);
  if (index >= kClasses) return checked_malloc(bytes);
  FreeList& list = frame_pool.lists[index];
  if (list.first == nullptr) return checked_malloc((index + 1) * kClassBytes);
  --list.count;
  return std::exchange(list.first, list.first->next);
}

void frame_free(void* frame, size_t bytes) {
  size_t index = class_of(bytes);
  if (index >= kClasses) return std::free(frame);
  FramePool& pool = frame_pool;
  FreeList& list = pool.lists[index];
  if (list.count >= pool.kept_per_class) return std::free(frame);
  ++list.count;
  list.first = new (frame) FreeFrame{list.first};
}

#endif

}  // namespace sluice
