#include "connection_zone.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace sluice {

bool ConnectionZone::enter(const KeyId& key, uint64_t most) {
  const int32_t self = ::getpid();
  auto bucket = table_.lock(key);
  Entry* own = nullptr;
  Entry* empty = nullptr;
  uint64_t total = 0;
  for (Entry& entry : *bucket) {
    if (entry.key == key) {
      total += entry.count;
      if (entry.process == self) own = &entry;
    } else if (entry.key == KeyId{} && empty == nullptr) {
      empty = &entry;
    }
  }
  if (total >= most) return false;
  if (own == nullptr) {
    if (empty == nullptr) return false;
    own = empty;
    *own = Entry{key, self, 0};
  }
  ++own->count;
  return true;
}

void ConnectionZone::leave(const KeyId& key) {
  const int32_t self = ::getpid();
  auto bucket = table_.lock(key);
  for (Entry& entry : *bucket) {
    if (entry.key != key || entry.process != self) continue;
    if (--entry.count == 0) entry = Entry{};
    return;
  }
}

void ConnectionZone::forget_the_dead() {
  table_.each([](Entry& entry) {
    if (::kill(entry.process, 0) < 0 && errno == ESRCH) entry = Entry{};
  });
}

}  // namespace sluice
