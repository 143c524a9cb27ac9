#include "process/slots.h"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include <sluice/base/strings.h>

namespace sluice {

namespace {
constexpr size_t kActivityBytes = ProcessSlots::kMaxSlots * sizeof(Activity);
}

void Activity::set(std::string_view what) {
  bytes = 0;
  bytes = what.copy(text, kTextBytes);
}

std::string Activity::read() const { return {text, std::min(bytes.load(), kTextBytes)}; }

std::string Slot::while_doing() const {
  std::string what = activity->read();
  return what.empty() ? what : concat(" while ", what);
}

Result<std::unique_ptr<Slots>> Slots::make() {
  TRY_ASSIGN(Fd file, Zone::create(ProcessSlots::zone_spec()));
  TRY_ASSIGN(std::shared_ptr<Zone> zone, Zone::map(ProcessSlots::zone_spec(), file.get()));
  TRY_ASSIGN(std::unique_ptr<ProcessSlots> shared, ProcessSlots::open(std::move(zone)));
  TRY_ASSIGN(Fd metrics_file, Zone::create(Metrics::zone_spec()));
  TRY_ASSIGN(std::shared_ptr<Zone> metrics_zone, Zone::map(Metrics::zone_spec(), metrics_file.get()));
  TRY_ASSIGN(std::unique_ptr<Metrics> metrics, Metrics::open(metrics_zone, 0));
  void* memory = mmap(nullptr, kActivityBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return os_error("mmap()", errno);
  return std::unique_ptr<Slots>(
      new Slots(std::move(shared), std::move(metrics_zone), std::move(metrics), static_cast<Activity*>(memory)));
}

Slots::Slots(std::unique_ptr<ProcessSlots> shared, std::shared_ptr<Zone> metrics_zone, std::unique_ptr<Metrics> metrics, Activity* activities)
    : shared_(std::move(shared)), metrics_(std::move(metrics)), activities_(activities), slots_(ProcessSlots::kMaxSlots) {
  for (uint32_t i = 0; i < slots_.size(); ++i) slots_[i] = Slot{&shared_->at(i), activities_ + i, i, metrics_zone, false};
}

Slots::~Slots() { munmap(activities_, kActivityBytes); }

Slot* Slots::take() {
  for (Slot& slot : slots_) {
    if (slot.taken) continue;
    slot.taken = true;
    slot.activity->set({});
    begin_slot(*slot.shared, 0, monotonic_now());
    return &slot;
  }
  return nullptr;
}

void Slots::give_back(Slot& slot) {
  end_slot(*slot.shared);
  metrics_->reset_gauges(slot.index);
  slot.taken = false;
}

Tick monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Tick>(now.tv_sec) * 1000 + static_cast<Tick>(now.tv_nsec) / 1'000'000;
}

}  // namespace sluice
