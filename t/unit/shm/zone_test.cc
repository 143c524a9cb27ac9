#include "../test.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include <sluice/shm/zone.h>

using namespace sluice;

namespace {

const ZoneSpec kSpec{"test", "numbers-1", 10000};

std::shared_ptr<Zone> map(const ZoneSpec& spec, int fd) {
  auto zone = Zone::map(spec, fd);
  REQUIRE(zone.ok());
  return *zone;
}

}  // namespace

TEST_CASE("two mappings of a zone see the same bytes, which are zero at first") {
  auto fd = Zone::create(kSpec);
  REQUIRE(fd.ok());
  auto one = map(kSpec, fd->get()), other = map(kSpec, fd->get());
  CHECK(one->data()[9999] == 0);
  std::strcpy(one->data(), "hello");
  CHECK(std::string(other->data()) == "hello");
}

TEST_CASE("a zone of another layout or size is refused") {
  auto fd = Zone::create(kSpec);
  REQUIRE(fd.ok());
  CHECK_FALSE(Zone::map({"test", "numbers-2", 10000}, fd->get()).ok());
  CHECK_FALSE(Zone::map({"test", "numbers-1", 10001}, fd->get()).ok());
  CHECK_FALSE(Zone::create({"test", "numbers-1", 0}).ok());
  CHECK_FALSE(Zone::create({"test", std::string(64, 'x'), 1}).ok());
}

TEST_CASE("no process can cut a zone short under the others") {
  auto fd = Zone::create(kSpec);
  REQUIRE(fd.ok());
  CHECK(ftruncate(fd->get(), 0) == -1);
}

TEST_CASE("a zone is initialised once, and again when its maker died") {
  auto fd = Zone::create(kSpec);
  REQUIRE(fd.ok());
  auto zone = map(kSpec, fd->get());
  pid_t pid = fork();
  if (pid == 0) {
    zone->initialise_once(
        [](Zone& z, void*) {
          z.data()[0] = z.data()[1] = 9;
          raise(SIGKILL);
        },
        nullptr);
  }
  waitpid(pid, nullptr, 0);
  auto count = [](Zone& z, void*) { ++z.data()[0]; };
  zone->initialise_once(count, nullptr);
  zone->initialise_once(count, nullptr);
  map(kSpec, fd->get())->initialise_once(count, nullptr);
  CHECK(zone->data()[0] == 1);
  CHECK(zone->data()[1] == 0);
}

TEST_CASE("a lock tells that its owner died, until someone unlocks it") {
  auto fd = Zone::create(kSpec);
  REQUIRE(fd.ok());
  auto zone = map(kSpec, fd->get());
  auto* lock = reinterpret_cast<ShmLock*>(zone->data());
  lock->initialise();
  for (int i = 0; i < 2; ++i) {
    pid_t pid = fork();
    if (pid == 0) {
      lock->lock();
      raise(SIGKILL);
    }
    waitpid(pid, nullptr, 0);
  }
  CHECK(lock->lock() == ShmLock::Acquired::recovered);
  lock->unlock();
  CHECK(lock->lock() == ShmLock::Acquired::clean);
  lock->unlock();
}
