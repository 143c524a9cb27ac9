// Cells: the memory of a shard, in pieces of 64 bytes that are chained to hold anything longer.
//
// Because anything can be made of any cells, memory that is free is memory that can be used: there is no fragmentation, and whether
// something fits is a comparison of two numbers. Readers copy values out anyway, so that a chain costs them little; cells that were
// chained stay neighbours in the free list.
//
//   cell = | next: 4 bytes | 60 bytes |      the first cell of an entry or list item starts with its header instead
//
// Cells are named by index, from 1; 0 ends a chain. All calls need the shard's lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice {

struct CellPoolHeader {
  uint32_t count;      // cells there are
  uint32_t fresh;      // the first cell that was never used; those from here on are free and untouched memory
  uint32_t free_head;  // chain of the others that are free
  uint32_t free_count;  // all free cells, fresh ones included
};

class CellPool {
 public:
  static constexpr uint32_t kCellBytes = 64;
  static constexpr uint32_t kLinkBytes = 4;

  CellPool(CellPoolHeader* header, char* first_cell) : header_(header), base_(first_cell - kCellBytes) {}
  void format(uint32_t count) { *header_ = {count, 1, 0, count}; }

  uint32_t count() const { return header_->count; }
  uint32_t free_count() const { return header_->free_count; }
  bool used(uint32_t cell) const { return cell >= 1 && cell < header_->fresh; }  // has been used at some time
  char* at(uint32_t cell) const { return base_ + size_t(cell) * kCellBytes; }
  uint32_t& next(uint32_t cell) const { return *reinterpret_cast<uint32_t*>(at(cell)); }

  // needed is the length of a chain for `bytes` bytes of payload when its first cell has room for `first_room`.
  static uint64_t needed(uint64_t bytes, uint32_t first_room) {
    constexpr uint32_t kRoom = kCellBytes - kLinkBytes;
    return bytes <= first_room ? 1 : 1 + (bytes - first_room + kRoom - 1) / kRoom;
  }

  // allocate gives a chain of n cells. REQUIRES: 1 <= n <= free_count().
  uint32_t allocate(uint32_t n);
  // release takes a chain back.
  void release(uint32_t chain);

  // For recovery and tests: rebuild_free_list makes every used cell without `taken[cell]` free; free_list_length walks it, and gives
  // UINT32_MAX when it is broken.
  template <class Flags>
  void rebuild_free_list(const Flags& taken);
  uint32_t free_list_length() const;
  uint32_t fresh_count() const { return header_->count + 1 - header_->fresh; }
  bool header_valid() const { return header_->fresh >= 1 && header_->fresh <= header_->count + 1; }

 private:
  CellPoolHeader* header_;
  char* base_;
};

template <class Flags>
void CellPool::rebuild_free_list(const Flags& taken) {
  header_->free_head = 0;
  header_->free_count = fresh_count();
  for (uint32_t cell = header_->fresh - 1; cell >= 1; --cell) {
    if (taken[cell]) continue;
    next(cell) = header_->free_head;
    header_->free_head = cell;
    ++header_->free_count;
  }
}

// CellCursor walks the payload of a chain, from `offset` in its first cell.
class CellCursor {
 public:
  CellCursor(const CellPool& pool, uint32_t first, uint32_t offset)
      : pool_(pool), cell_(pool.at(first)), offset_(offset) {}

  void read(char* out, size_t bytes) {
    each(bytes, [&](char* piece, size_t n) {
      std::memcpy(out, piece, n);
      out += n;
      return true;
    });
  }
  void write(const char* in, size_t bytes) {
    each(bytes, [&](char* piece, size_t n) {
      std::memcpy(piece, in, n);
      in += n;
      return true;
    });
  }
  bool equals(const char* other, size_t bytes) {
    return each(bytes, [&](const char* piece, size_t n) {
      bool same = std::memcmp(piece, other, n) == 0;
      other += n;
      return same;
    });
  }
  void skip(size_t bytes) {
    each(bytes, [](char*, size_t) { return true; });
  }

 private:
  template <class Use>
  bool each(size_t bytes, Use use) {
    while (bytes > 0) {
      if (offset_ == CellPool::kCellBytes) follow_link();
      size_t n = std::min<size_t>(bytes, CellPool::kCellBytes - offset_);
      if (!use(cell_ + offset_, n)) return false;
      offset_ += static_cast<uint32_t>(n);
      bytes -= n;
    }
    return true;
  }
  void follow_link() {
    uint32_t next;
    std::memcpy(&next, cell_, sizeof next);
    cell_ = pool_.at(next);
    offset_ = CellPool::kLinkBytes;
  }

  const CellPool& pool_;
  char* cell_;
  uint32_t offset_;
};

}  // namespace sluice
