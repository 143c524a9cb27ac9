#include "../test.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "shm/heartbeat.h"

using namespace sluice;

namespace {

struct SlotsZone {
  SlotsZone() {
    auto made = Zone::create(ProcessSlots::zone_spec());
    REQUIRE(made.ok());
    fd = std::move(*made);
    auto zone = Zone::map(ProcessSlots::zone_spec(), fd.get());
    REQUIRE(zone.ok());
    auto opened = ProcessSlots::open(*zone);
    REQUIRE(opened.ok());
    slots = std::move(*opened);
  }
  Fd fd;
  std::unique_ptr<ProcessSlots> slots;
};

ProcessSlot* crashing_slot = nullptr;

void crash_handler(int signal) {
  write_obituary(*crashing_slot,
                 {"signal ", SignalSafeNumber(static_cast<uint64_t>(signal)).text(), " at 0x",
                  SignalSafeNumber(0xdeadbeef, SignalSafeNumber::Base::hexadecimal).text(), "\nin module x"});
  _exit(1);
}

}  // namespace

TEST_CASE("a crash handler leaves an obituary that the master reads") {
  SlotsZone zone;
  ProcessSlot& slot = zone.slots->at(3);
  begin_slot(slot, 42, 1000);
  CHECK(obituary_of(slot).empty());
  pid_t pid = fork();
  if (pid == 0) {
    crashing_slot = &slot;
    signal(SIGUSR1, crash_handler);
    raise(SIGUSR1);
  }
  waitpid(pid, nullptr, 0);
  CHECK(obituary_of(slot) == "signal 10 at 0xdeadbeef in module x");
  write_obituary(slot, {"second"});
  CHECK(obituary_of(slot).starts_with("signal 10"));
  begin_slot(slot, 43, 2000);
  CHECK(obituary_of(slot).empty());
}

TEST_CASE("an obituary is cut at its limit") {
  SlotsZone zone;
  ProcessSlot& slot = zone.slots->at(ProcessSlots::kMaxSlots - 1);
  write_obituary(slot, {std::string(500, 'a'), std::string(500, 'b')});
  CHECK(obituary_of(slot) == std::string(500, 'a') + std::string(12, 'b'));
}

TEST_CASE("a slot is silent from its last heartbeat on, unless it is free") {
  SlotsZone zone;
  ProcessSlot& slot = zone.slots->at(0);
  CHECK(silent_for(slot, 5000) == 0);
  begin_slot(slot, 42, 1000);
  CHECK(silent_for(slot, 1500) == 500);
  beat(slot, 1600);
  CHECK(silent_for(slot, 1500) == 0);
  CHECK(silent_for(slot, 1601) == 1);
  end_slot(slot);
  CHECK(silent_for(slot, 9000) == 0);
}

TEST_CASE("numbers are rendered without the library") {
  CHECK(SignalSafeNumber(0).text() == "0");
  CHECK(SignalSafeNumber(UINT64_MAX).text() == "18446744073709551615");
  CHECK(SignalSafeNumber(255, SignalSafeNumber::Base::hexadecimal).text() == "ff");
}
