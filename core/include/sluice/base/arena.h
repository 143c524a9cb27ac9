// Arena: memory that is freed all at once. An exchange has one; what is parsed, rendered or set while it runs lives here,
// so that nothing on the request path calls malloc or free. The first block comes from a per-thread free list.
//
// Not thread-safe. Pointers stay valid until reset() or destruction. Destructors of objects made here are not run, except
// those registered with on_destroy (in reverse order).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sluice/base/api.h>

namespace sluice {

class SLUICE_API Arena {
 public:
  static constexpr size_t kBlockBytes = 4096;

  Arena() = default;
  ~Arena() { reset(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // allocate returns `bytes` bytes, aligned to `align` (a power of two, at most 16). Never null; never fails softly.
  void* allocate(size_t bytes, size_t align = alignof(std::max_align_t)) {
    char* start = align_up(cursor_, align);
    if (start == nullptr || bytes > static_cast<size_t>(end_ - start) || start > end_) return allocate_slow(bytes, align);
    cursor_ = start + bytes;
    return start;
  }

  char* allocate_chars(size_t bytes) { return static_cast<char*>(allocate(bytes, 1)); }

  // make constructs a T. Its destructor runs only if T is not trivially destructible.
  template <class T, class... Args>
  T* make(Args&&... args) {
    T* object = new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
      on_destroy([](void* p) { static_cast<T*>(p)->~T(); }, object);
    }
    return object;
  }

  // copy returns a copy of the text that lives as long as the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* out = allocate_chars(text.size());
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }

  // concat joins the parts in one allocation.
  template <class... Parts>
  std::string_view concat(const Parts&... parts) {
    const std::string_view views[] = {std::string_view(parts)...};
    size_t total = 0;
    for (auto v : views) total += v.size();
    if (total == 0) return {};
    char* out = allocate_chars(total);
    char* at = out;
    for (auto v : views) {
      if (!v.empty()) std::memcpy(at, v.data(), v.size());
      at += v.size();
    }
    return {out, total};
  }

  // on_destroy calls run(object) when the arena is reset or destroyed; the last registered runs first.
  void on_destroy(void (*run)(void*), void* object);

  // destructors counts what on_destroy was told.
  size_t destructors() const;

  // reset runs the registered destructors and gives all memory back.
  void reset();

  // bytes_reserved is what the arena holds from the system, for metrics and tests.
  size_t bytes_reserved() const { return reserved_; }

 private:
  struct Block;
  struct Cleanup;

  static char* align_up(char* p, size_t align) {
    return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(p) + align - 1) & ~(uintptr_t(align) - 1));
  }
  void* allocate_slow(size_t bytes, size_t align);

  char* cursor_ = nullptr;
  char* end_ = nullptr;
  Block* blocks_ = nullptr;
  Cleanup* cleanups_ = nullptr;
  size_t reserved_ = 0;
};

}  // namespace sluice
