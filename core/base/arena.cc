#include <sluice/base/arena.h>

#include <cstdlib>

#include <sluice/base/check.h>

namespace sluice {

struct Arena::Block {
  Block* next;
  size_t bytes;  // of the whole block, header included
};

struct Arena::Cleanup {
  Cleanup* next;
  void (*run)(void*);
  void* object;
};

namespace {

// Blocks of the standard size wait here for the next exchange: last in, first out, so that they are hot in the cache.
struct BlockPool {
  static constexpr int kMaxBlocks = 256;
  void* blocks[kMaxBlocks];
  int count = 0;
  ~BlockPool() {
    while (count > 0) std::free(blocks[--count]);
  }
};
thread_local BlockPool block_pool;

}  // namespace

void* Arena::allocate_slow(size_t bytes, size_t align) {
  size_t want = sizeof(Block) + bytes + align;
  void* memory = nullptr;
  if (want <= kBlockBytes) {
    want = kBlockBytes;
    if (block_pool.count > 0) memory = block_pool.blocks[--block_pool.count];
  }
  if (memory == nullptr) memory = std::malloc(want);
  CHECK(memory != nullptr);
  auto* block = static_cast<Block*>(memory);
  block->next = blocks_;
  block->bytes = want;
  blocks_ = block;
  reserved_ += want;
  char* start = align_up(static_cast<char*>(memory) + sizeof(Block), align);
  char* block_end = static_cast<char*>(memory) + want;
  // A large block of its own must not end the use of a block that still has room.
  if (want == kBlockBytes || cursor_ == nullptr) {
    cursor_ = start + bytes;
    end_ = block_end;
  }
  return start;
}

void Arena::on_destroy(void (*run)(void*), void* object) {
  auto* cleanup = static_cast<Cleanup*>(allocate(sizeof(Cleanup), alignof(Cleanup)));
  *cleanup = {cleanups_, run, object};
  cleanups_ = cleanup;
}

size_t Arena::destructors() const {
  size_t count = 0;
  for (const Cleanup* cleanup = cleanups_; cleanup != nullptr; cleanup = cleanup->next) ++count;
  return count;
}

void Arena::reset() {
  while (cleanups_ != nullptr) {
    Cleanup* cleanup = cleanups_;
    cleanups_ = cleanup->next;
    cleanup->run(cleanup->object);
  }
  while (blocks_ != nullptr) {
    Block* block = blocks_;
    blocks_ = block->next;
    if (block->bytes == kBlockBytes && block_pool.count < BlockPool::kMaxBlocks) {
      block_pool.blocks[block_pool.count++] = block;
    } else {
      std::free(block);
    }
  }
  cursor_ = end_ = nullptr;
  reserved_ = 0;
}

}  // namespace sluice
