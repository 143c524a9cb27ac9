#include "shm/shard.h"

#include <bit>

#include <sluice/log/log.h>

namespace sluice {

namespace {

constexpr size_t align_cell(size_t bytes) {
  return (bytes + CellPool::kCellBytes - 1) & ~size_t(CellPool::kCellBytes - 1);
}

struct Layout {
  uint32_t buckets;
  uint32_t cells;
  size_t first_cell;
};

// One bucket per two cells, rounded up to a power of two: most entries take two cells.
Layout layout_of(size_t bytes) {
  size_t room = bytes - align_cell(sizeof(ShardHeader));
  uint32_t buckets = std::bit_ceil(static_cast<uint32_t>(room / 66 / 2));
  size_t first_cell = align_cell(sizeof(ShardHeader)) + align_cell(buckets * sizeof(uint32_t));
  return {buckets, static_cast<uint32_t>((bytes - first_cell) / CellPool::kCellBytes), first_cell};
}

size_t string_bytes(const DictValue& value) {
  return value.type == DictValue::Type::string ? value.string.size() : 0;
}

}  // namespace

void ReadBuffer::grow(size_t bytes) {
  room_ = std::bit_ceil(bytes < 256 ? size_t(256) : bytes);
  memory_ = std::make_unique_for_overwrite<char[]>(room_);
}

Shard::Shard(char* memory, size_t bytes)
    : header_(reinterpret_cast<ShardHeader*>(memory)),
      buckets_(reinterpret_cast<uint32_t*>(memory + align_cell(sizeof(ShardHeader)))),
      cells_(&header_->cells, memory + layout_of(bytes).first_cell) {}

void Shard::format(size_t bytes) {
  Layout layout = layout_of(bytes);
  header_->lock.initialise();
  header_->bucket_count = layout.buckets;
  cells_.format(layout.cells);
  header_->earliest_expiry = header_->round_earliest = UINT64_MAX;
}

bool Shard::key_equals(uint32_t index, std::string_view key) const {
  const Entry& e = entry(index);
  if (e.key_bytes != key.size()) return false;
  CellCursor cursor(cells_, index, sizeof(Entry));
  cursor.skip(fixed_bytes(type_of(e)));
  return cursor.equals(key.data(), key.size());
}

std::string Shard::key_of(uint32_t index) const {
  std::string key(entry(index).key_bytes, '\0');
  CellCursor cursor(cells_, index, sizeof(Entry));
  cursor.skip(fixed_bytes(type_of(entry(index))));
  cursor.read(key.data(), key.size());
  return key;
}

// The link that names the entry with this key, or the link at the end of its chain, which is 0.
uint32_t* Shard::find_link(DictKey key) const {
  uint32_t* link = &bucket(key.hash);
  while (*link != 0 && (entry(*link).hash != key.hash || !key_equals(*link, key.bytes)))
    link = &entry(*link).hash_next;
  return link;
}

uint32_t* Shard::link_of(uint32_t index) const {
  uint32_t* link = &bucket(entry(index).hash);
  while (*link != index) link = &entry(*link).hash_next;
  return link;
}

uint64_t Shard::cells_of(uint32_t index) const {
  const Entry& e = entry(index);
  uint64_t own = CellPool::needed(fixed_bytes(type_of(e)) + e.key_bytes + e.string_bytes, kEntryRoom);
  return type_of(e) == DictValue::Type::list ? own + list_of(index).cells : own;
}

bool Shard::get(DictKey key, uint64_t now, Expired expired, DictValue& out, ReadBuffer& buffer) {
  uint32_t index = *find_link(key);
  if (index == 0) return false;
  Entry& e = entry(index);
  bool stale = is_expired(e, now);
  if (stale && expired == Expired::hide) return false;
  if (e.used == 0) e.used = 1;
  out.stale = stale;
  read_value(index, out, buffer);
  return true;
}

void Shard::read_value(uint32_t index, DictValue& out, ReadBuffer& buffer) const {
  const Entry& e = entry(index);
  out.type = type_of(e);
  out.flags = e.flags;
  out.string = {};
  switch (out.type) {
    case DictValue::Type::number:
      out.number = number_of(index);
      break;
    case DictValue::Type::boolean:
      out.boolean = number_of(index) != 0;
      break;
    case DictValue::Type::list:
      out.number = list_of(index).count;
      break;
    case DictValue::Type::nil:
      break;
    case DictValue::Type::string: {
      char* copy = buffer.reserve(e.string_bytes);
      CellCursor cursor(cells_, index, sizeof(Entry));
      cursor.skip(e.key_bytes);
      cursor.read(copy, e.string_bytes);
      out.string = {copy, e.string_bytes};
    }
  }
}

// Whether the value fits is known before anything is changed, so that a store that fails has lost nothing. The new entry is complete
// before it is swapped in; only a value that needs the cells of the one it replaces is written after that one is gone.
Dict::StoreResult Shard::store(Dict::Store how, DictKey key, const DictValue& value, uint64_t now,
                               uint64_t expires_ms, bool safe) {
  if (const char* error = key_error(key.bytes)) return {error};
  if (value.type == DictValue::Type::list) return {"bad value type"};
  uint32_t* link = find_link(key);
  bool live = *link != 0 && !is_expired(entry(*link), now);
  if (value.type == DictValue::Type::nil) {
    if (how != Dict::Store::set) return {"attempt to add or replace nil values"};
    if (*link != 0) remove_at(link);
    return {};
  }
  if (how == Dict::Store::add && live) return {"exists"};
  if (how == Dict::Store::replace && !live) return {"not found"};

  Dict::StoreResult result;
  uint64_t need =
      CellPool::needed(fixed_bytes(value.type) + key.bytes.size() + string_bytes(value), kEntryRoom);
  if (need > cells_.count()) return {"no memory"};
  if (need > cells_.free_count()) {
    if (*link != 0 && !live) remove_at(link);
    sweep_expired(now, need);
    link = find_link(key);
    uint64_t own = *link != 0 ? cells_of(*link) : 0;
    if (need > cells_.free_count() + own) {
      if (safe) return {"no memory"};
      result.forcible = evict_until(need - own, *link, now);
      link = find_link(key);
    }
    if (need > cells_.free_count()) {
      remove_at(link);
      link = find_link(key);
    }
  }
  uint32_t made = make_entry(key, value, static_cast<uint32_t>(need), expires_ms);
  if (*link != 0) {
    swap_entry(link, made);
  } else {
    publish_entry(link, made);
  }
  return result;
}

uint32_t Shard::make_entry(DictKey key, const DictValue& value, uint32_t cells, uint64_t expires_ms) {
  uint32_t index = cells_.allocate(cells);
  Entry& e = entry(index);
  e.hash_next = e.newer = e.older = 0;
  e.expires_ms = expires_ms;
  e.hash = key.hash;
  e.string_bytes = static_cast<uint32_t>(string_bytes(value));
  e.flags = value.flags;
  e.key_bytes = static_cast<uint16_t>(key.bytes.size());
  e.type = static_cast<uint8_t>(value.type);
  e.used = 0;
  if (value.type == DictValue::Type::number) number_of(index) = value.number;
  if (value.type == DictValue::Type::boolean) number_of(index) = value.boolean ? 1 : 0;
  if (value.type == DictValue::Type::list) list_of(index) = {};
  CellCursor cursor(cells_, index, sizeof(Entry));
  cursor.skip(fixed_bytes(value.type));
  cursor.write(key.bytes.data(), key.bytes.size());
  cursor.write(value.string.data(), e.string_bytes);
  return index;
}

// REQUIRES: *link is 0, the end of the chain.
void Shard::publish_entry(uint32_t* link, uint32_t index) {
  publish_link(*link, index);
  ++header_->entries;
  add_newest(index);
  note_expiry(entry(index).expires_ms);
}

void Shard::swap_entry(uint32_t* link, uint32_t index) {
  uint32_t old = *link;
  entry(index).hash_next = entry(old).hash_next;
  publish_link(*link, index);
  take_from_order(old);
  add_newest(index);
  note_expiry(entry(index).expires_ms);
  release_entry(old);
}

void Shard::remove(DictKey key) {
  if (uint32_t* link = find_link(key); *link != 0) remove_at(link);
}

void Shard::remove_at(uint32_t* link) {
  uint32_t index = *link;
  publish_link(*link, entry(index).hash_next);
  take_from_order(index);
  --header_->entries;
  release_entry(index);
}

void Shard::release_entry(uint32_t index) {
  if (type_of(entry(index)) == DictValue::Type::list) release_items(list_of(index));
  cells_.release(index);
}

Dict::IncrResult Shard::incr(DictKey key, double by, std::optional<double> init, uint64_t now,
                             uint64_t init_expires_ms) {
  uint32_t index = *find_link(key);
  if (index != 0 && !is_expired(entry(index), now)) {
    if (type_of(entry(index)) != DictValue::Type::number) return {0, "not a number"};
    entry(index).used = 1;
    return {number_of(index) += by};
  }
  if (!init) return {0, "not found"};
  DictValue value;
  value.type = DictValue::Type::number;
  value.number = *init + by;
  auto stored = store(Dict::Store::set, key, value, now, init_expires_ms, false);
  return {value.number, stored.error, stored.forcible};
}

ShardHold::ShardHold(Shard& shard, std::string_view dict_name) : shard_(shard) {
  if (shard.lock().lock() == ShmLock::Acquired::clean) [[likely]]
    return;
  bool rebuilt = shard.recover();
  LOG(Logger::process(), warn, "a process died while it used \"", dict_name, "\": the shard was ",
      rebuilt ? "rebuilt from what was whole in it" : "found in order", ", it has ", shard.entries(),
      " entries");
}

}  // namespace sluice
