// Memory for coroutine frames, and for other things that come and go with every request: one bounded free list per size class and
// thread, so that a steady state never calls malloc. Under AddressSanitizer everything is its own malloc, so that a use after the
// end is found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <sluice/base/api.h>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_FRAMES_FROM_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_FRAMES_FROM_MALLOC 1
#endif
#endif

namespace sluice {

namespace detail {

struct FramePool {
  static constexpr size_t kClassBytes = 64;
  static constexpr size_t kLargestBytes = 2048;
  static constexpr size_t kClasses = kLargestBytes / kClassBytes;
  static constexpr uint32_t kKeptPerClass = 256;

  struct Frame {
    Frame* next;
  };
  struct List {
    Frame* first;
    uint32_t room;  // how many more are kept; 0 until the pool is open and after its thread has ended
  };
  List lists[kClasses];
  bool open;

  static constexpr size_t class_of(size_t bytes) { return (bytes - 1) / kClassBytes; }
};

SLUICE_THREAD_LOCAL extern constinit thread_local FramePool frame_pool;
SLUICE_API void* frame_allocate_slow(size_t bytes);
SLUICE_API void frame_free_slow(void* frame, size_t bytes);

}  // namespace detail

// frame_allocate never gives null.
inline void* frame_allocate(size_t bytes) {
#ifndef SLUICE_FRAMES_FROM_MALLOC
  using Pool = detail::FramePool;
  if (Pool::class_of(bytes) < Pool::kClasses) {
    Pool::List& list = detail::frame_pool.lists[Pool::class_of(bytes)];
    if (list.first != nullptr) [[likely]] {
      ++list.room;
      return std::exchange(list.first, list.first->next);
    }
  }
#endif
  return detail::frame_allocate_slow(bytes);
}

// frame_free takes the size that frame_allocate got.
inline void frame_free(void* frame, size_t bytes) {
#ifndef SLUICE_FRAMES_FROM_MALLOC
  using Pool = detail::FramePool;
  if (Pool::class_of(bytes) < Pool::kClasses) {
    Pool::List& list = detail::frame_pool.lists[Pool::class_of(bytes)];
    if (list.room != 0) [[likely]] {
      --list.room;
      auto* kept = static_cast<Pool::Frame*>(frame);
      kept->next = list.first;
      list.first = kept;
      return;
    }
  }
#endif
  detail::frame_free_slow(frame, bytes);
}

// release_free_frames gives what the calling thread's lists hold back to malloc: after a burst.
void release_free_frames();

}  // namespace sluice
