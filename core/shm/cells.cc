#include "shm/cells.h"

namespace sluice {

uint32_t CellPool::allocate(uint32_t n) {
  header_->free_count -= n;
  uint32_t chain = 0;
  uint32_t* link = &chain;
  for (; n > 0; --n) {
    uint32_t cell = header_->free_head;
    if (cell != 0) {
      header_->free_head = next(cell);
    } else {
      cell = header_->fresh++;
    }
    *link = cell;
    link = &next(cell);
  }
  *link = 0;
  return chain;
}

void CellPool::release(uint32_t chain) {
  uint32_t last = chain, cells = 1;
  for (; next(last) != 0; last = next(last)) ++cells;
  next(last) = header_->free_head;
  header_->free_head = chain;
  header_->free_count += cells;
}

uint32_t CellPool::free_list_length() const {
  uint32_t length = 0;
  for (uint32_t cell = header_->free_head; cell != 0; cell = next(cell)) {
    if (!used(cell) || ++length > header_->count) return UINT32_MAX;
  }
  return length;
}

}  // namespace sluice
