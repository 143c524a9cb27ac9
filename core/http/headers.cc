#include <sluice/http/headers.h>

#include <cstring>

#include <sluice/base/check.h>
#include <sluice/base/strings.h>

#include "http/byte_class.h"
#include "http/header_names.h"

namespace sluice {

namespace {

constexpr size_t kMaxNameBytes = 65535;

bool has_name(const Header& field, HeaderId id, std::string_view name) {
  if (field.removed || field.id != id) return false;
  return id != HeaderId::unknown || iequals(field.name(), name);
}

}  // namespace

HeaderId header_id(std::string_view name) { return header_names::lookup(name); }

std::string_view header_name(HeaderId id) {
  return id < HeaderId::count ? header_names::kCanonical[static_cast<size_t>(id)] : std::string_view();
}

bool header_name_is_valid(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && all_of_class(name, kToken);
}

bool header_value_is_safe(std::string_view value) {
  const char* end = value.data() + value.size();
  for (const char* p = find_control(value.data(), end); p != end; p = find_control(p + 1, end)) {
    if (*p == '\r' || *p == '\n' || *p == '\0') return false;
  }
  return true;
}

void Headers::grow() {
  const uint32_t capacity = capacity_ * 2;
  auto* entries = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header), alignof(Header)));
  std::memcpy(entries, entries_, count_ * sizeof(Header));
  entries_ = entries;
  capacity_ = capacity;
}

const Header* Headers::search(const Header* from, HeaderId id, std::string_view name) const {
  for (const Header* field = from; field < end(); ++field) {
    if (has_name(*field, id, name)) return field;
  }
  return nullptr;
}

const Header* Headers::find_far(HeaderId id) const { return search(entries_ + (kFar - 1), id, {}); }

const Header* Headers::find(std::string_view name) const {
  const HeaderId id = header_names::lookup(name);
  return id != HeaderId::unknown ? find(id) : search(begin(), id, name);
}

void Headers::set(HeaderId id, std::string_view value) { set(id, header_name(id), value); }

void Headers::set(std::string_view name, std::string_view value) { set(header_names::lookup(name), name, value); }

void Headers::set(HeaderId id, std::string_view name, std::string_view value) {
  const Header* found = id != HeaderId::unknown ? find(id) : search(begin(), id, name);
  if (found == nullptr) return add(id, name, value);
  CHECK(value.size() <= UINT32_MAX);
  Header& field = entries_[found - entries_];
  field.value_data = value.data();
  field.value_size = static_cast<uint32_t>(value.size());
  field.parsed = false;
  remove_from(static_cast<uint32_t>(found - entries_) + 1, id, name);
}

size_t Headers::remove(HeaderId id) {
  if (id == HeaderId::unknown || find(id) == nullptr) return 0;
  const size_t removed = remove_from(0, id, {});
  first_[static_cast<size_t>(id)] = 0;
  return removed;
}

size_t Headers::remove(std::string_view name) {
  const HeaderId id = header_names::lookup(name);
  return id != HeaderId::unknown ? remove(id) : remove_from(0, id, name);
}

size_t Headers::remove_from(uint32_t at, HeaderId id, std::string_view name) {
  size_t removed = 0;
  for (; at < count_; ++at) {
    if (!has_name(entries_[at], id, name)) continue;
    entries_[at].removed = true;
    ++removed;
  }
  removed_ += static_cast<uint32_t>(removed);
  return removed;
}

void Headers::clear() {
  count_ = 0;
  removed_ = 0;
  has_repeated_ = false;
  std::memset(first_, 0, sizeof first_);
}

}  // namespace sluice
