#include "shm/heartbeat.h"

#include <sluice/base/check.h>

namespace sluice {

void begin_slot(ProcessSlot& slot, pid_t pid, Tick now) {
  slot.obituary_bytes.store(0);
  slot.obituary_claimed.store(0);
  slot.generation.store(0);
  slot.heartbeat_ms.store(now);
  slot.state.store(ProcessState::starting);
  slot.pid.store(pid);
}

void end_slot(ProcessSlot& slot) {
  slot.pid.store(0);
  slot.state.store(ProcessState::free);
}

uint64_t silent_for(const ProcessSlot& slot, Tick now) {
  if (slot.state.load(std::memory_order_relaxed) == ProcessState::free) return 0;
  uint64_t last = slot.heartbeat_ms.load(std::memory_order_relaxed);
  return now > last ? now - last : 0;
}

void write_obituary(ProcessSlot& slot, std::initializer_list<std::string_view> pieces) {
  if (slot.obituary_claimed.exchange(1) != 0) return;
  uint32_t length = 0;
  for (std::string_view piece : pieces) {
    for (char c : piece) {
      if (length == ProcessSlot::kObituaryBytes) break;
      bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      slot.obituary[length++] = control ? ' ' : c;
    }
  }
  slot.obituary_bytes.store(length);
}

std::string obituary_of(const ProcessSlot& slot) {
  uint32_t length = slot.obituary_bytes.load();
  return length <= ProcessSlot::kObituaryBytes ? std::string(slot.obituary, length) : std::string();
}

SignalSafeNumber::SignalSafeNumber(uint64_t number, Base base) {
  do {
    digits_[--start_] = "0123456789abcdef"[number % static_cast<unsigned>(base)];
    number /= static_cast<unsigned>(base);
  } while (number > 0);
}

ZoneSpec ProcessSlots::zone_spec() {
  return {"process slots", "process-slots-1", kMaxSlots * sizeof(ProcessSlot)};
}

Result<std::unique_ptr<ProcessSlots>> ProcessSlots::open(std::shared_ptr<Zone> zone) {
  if (zone->spec().layout != zone_spec().layout || zone->size() != zone_spec().bytes) {
    return Error(ErrorKind::internal, "not a zone of process slots");
  }
  return std::unique_ptr<ProcessSlots>(new ProcessSlots(std::move(zone)));
}

ProcessSlot& ProcessSlots::at(uint32_t index) const {
  CHECK(index < kMaxSlots);
  return reinterpret_cast<ProcessSlot*>(zone_->data())[index];
}

}  // namespace sluice
