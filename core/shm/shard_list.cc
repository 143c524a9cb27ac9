// Lists in a shard: pushing and popping at both ends.
#include "shm/shard.h"

namespace sluice {

namespace {

constexpr const char* kNotAList = "value not a list";

size_t item_bytes(const DictValue& value) {
  return value.type == DictValue::Type::number ? sizeof value.number : value.string.size();
}

bool is_list(const Entry& entry) {
  return type_of(entry) == DictValue::Type::list;
}

}  // namespace

Dict::PushResult Shard::push(Dict::End end, DictKey key, const DictValue& value, uint64_t now) {
  if (const char* error = key_error(key.bytes)) return {0, error};
  if (value.type != DictValue::Type::string && value.type != DictValue::Type::number)
    return {0, "bad value type"};
  uint32_t* link = find_link(key);
  if (*link != 0 && is_expired(entry(*link), now)) {
    remove_at(link);
    link = find_link(key);
  }
  uint32_t index = *link;
  if (index != 0 && !is_list(entry(index))) return {0, kNotAList};

  uint64_t need = CellPool::needed(item_bytes(value), kItemRoom);
  if (index == 0) need += CellPool::needed(sizeof(ListEnds) + key.bytes.size(), kEntryRoom);
  uint64_t own = index != 0 ? cells_of(index) : 0;
  if (need + own > cells_.count()) return {0, "no memory"};
  if (need > cells_.free_count()) sweep_expired(now, need);
  evict_until(need, index, now);
  if (index == 0) return push_new_list(key, value);
  ListEnds& ends = list_of(index);
  entry(index).used = 1;
  link_item(ends, end, make_item(value));
  return {ends.count};
}

// The list gets its first item before it becomes visible, so that there is never an empty one.
Dict::PushResult Shard::push_new_list(DictKey key, const DictValue& value) {
  DictValue empty;
  empty.type = DictValue::Type::list;
  auto cells = static_cast<uint32_t>(CellPool::needed(sizeof(ListEnds) + key.bytes.size(), kEntryRoom));
  uint32_t index = make_entry(key, empty, cells, 0);
  link_item(list_of(index), Dict::End::right, make_item(value));
  publish_entry(find_link(key), index);
  return {1};
}

const char* Shard::pop(Dict::End end, DictKey key, DictValue& out, ReadBuffer& buffer, uint64_t now) {
  out = {};
  uint32_t* link = find_link(key);
  if (*link == 0 || is_expired(entry(*link), now)) return nullptr;
  if (!is_list(entry(*link))) return kNotAList;
  entry(*link).used = 1;
  ListEnds& ends = list_of(*link);
  read_item(end == Dict::End::left ? ends.head : ends.tail, out, buffer);
  if (ends.count == 1) {
    remove_at(link);
  } else {
    cells_.release(unlink_item(ends, end));
  }
  return nullptr;
}

Dict::PushResult Shard::list_length(DictKey key, uint64_t now) {
  uint32_t index = *find_link(key);
  if (index == 0 || is_expired(entry(index), now)) return {};
  if (!is_list(entry(index))) return {0, kNotAList};
  return {list_of(index).count};
}

uint32_t Shard::make_item(const DictValue& value) {
  size_t bytes = item_bytes(value);
  uint32_t index = cells_.allocate(static_cast<uint32_t>(CellPool::needed(bytes, kItemRoom)));
  Item& made = item(index);
  made.previous = made.next = 0;
  made.bytes = static_cast<uint32_t>(bytes);
  made.type = static_cast<uint8_t>(value.type);
  bool number = value.type == DictValue::Type::number;
  CellCursor(cells_, index, sizeof(Item))
      .write(number ? reinterpret_cast<const char*>(&value.number) : value.string.data(), bytes);
  return index;
}

void Shard::read_item(uint32_t index, DictValue& out, ReadBuffer& buffer) const {
  const Item& from = item(index);
  out.type = static_cast<DictValue::Type>(from.type);
  bool number = out.type == DictValue::Type::number;
  char* copy = number ? reinterpret_cast<char*>(&out.number) : buffer.reserve(from.bytes);
  CellCursor(cells_, index, sizeof(Item)).read(copy, from.bytes);
  if (!number) out.string = {copy, from.bytes};
}

void Shard::link_item(ListEnds& ends, Dict::End end, uint32_t index) {
  Item& made = item(index);
  ends.cells += static_cast<uint32_t>(CellPool::needed(made.bytes, kItemRoom));
  ++ends.count;
  if (end == Dict::End::left) {
    made.next = ends.head;
    (ends.head != 0 ? item(ends.head).previous : ends.tail) = index;
    publish_link(ends.head, index);
  } else {
    made.previous = ends.tail;
    publish_link(ends.tail != 0 ? item(ends.tail).next : ends.head, index);
    ends.tail = index;
  }
}

// REQUIRES: at least two items.
uint32_t Shard::unlink_item(ListEnds& ends, Dict::End end) {
  uint32_t index = end == Dict::End::left ? ends.head : ends.tail;
  if (end == Dict::End::left) {
    publish_link(ends.head, item(index).next);
    item(ends.head).previous = 0;
  } else {
    ends.tail = item(index).previous;
    publish_link(item(ends.tail).next, 0);
  }
  --ends.count;
  ends.cells -= static_cast<uint32_t>(CellPool::needed(item(index).bytes, kItemRoom));
  return index;
}

void Shard::release_items(const ListEnds& ends) {
  for (uint32_t index = ends.head; index != 0;) {
    uint32_t next = item(index).next;
    cells_.release(index);
    index = next;
  }
}

}  // namespace sluice
