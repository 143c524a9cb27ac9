// Processes that are killed while they write: the dictionary stays whole for the others.
#include "dicts.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include <sluice/log/log.h>

#include "shm/shard.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Random {
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15ull + 1) {}
  uint64_t below(uint64_t n) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state % n;
  }
  uint64_t state;
};

// A value is whole when all its bytes are its key's letter.
bool whole(std::string_view value, char letter) {
  return value.find_first_not_of(letter) == std::string_view::npos;
}

bool one_operation(Dict& dict, Random& random) {
  auto letter = static_cast<char>('a' + random.below(26));
  std::string key = concat("key-of-some-length-", letter), list = concat("list", letter);
  DictValue value;
  switch (random.below(8)) {
    case 0:
      dict.remove(key);
      return true;
    case 1:
      dict.incr(concat("counter", random.below(200)), 1, 0, random.below(2) * 1000);
      return true;
    case 2:
      dict.push(random.below(2) ? Dict::End::left : Dict::End::right, list,
                text(std::string(random.below(200), letter)));
      return true;
    case 3:
      return dict.pop(random.below(2) ? Dict::End::left : Dict::End::right, list, value) == nullptr &&
             whole(value.string, letter);
    case 4:
      return !dict.get(key, value) || whole(value.string, letter);
    default:
      return set(dict, key, text(std::string(random.below(6000), letter)), random.below(3)).error == nullptr;
  }
}

pid_t start_writer(const TestZone& zone, std::atomic<uint64_t>& progress, uint64_t seed) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  auto dict = Dict::open(zone.map());
  Random random(seed);
  if (!dict) _exit(1);
  for (;;) {
    Clock::of_thread().refresh();
    if (!one_operation(**dict, random)) _exit(2);
    progress.fetch_add(1);
  }
}

void kill_writers_at_random(const TestZone& zone, std::atomic<uint64_t>& progress, int rounds) {
  Random random(7);
  pid_t writers[3];
  uint64_t seed = 1;
  for (pid_t& writer : writers) writer = start_writer(zone, progress, seed++);
  for (int i = 0; i < rounds; ++i) {
    uint64_t until = progress.load() + random.below(300);
    while (progress.load() < until) sched_yield();
    pid_t& victim = writers[random.below(3)];
    kill(victim, SIGKILL);
    int status = 0;
    waitpid(victim, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    victim = start_writer(zone, progress, seed++);
  }
  for (pid_t writer : writers) {
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
  }
}

}  // namespace

TEST_CASE("writers that are killed at any moment leave a dictionary that works and is in order") {
  Logger::process().clear();
  TestZone zone(65536);
  auto mapped = zone.map();
  auto dict = zone.open();
  void* shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto& progress = *new (shared) std::atomic<uint64_t>(0);

  kill_writers_at_random(zone, progress, 300);

  Random random(99);
  for (int i = 0; i < 1000; ++i) REQUIRE(one_operation(*dict, random));
  Shard shard(mapped->data() + 64, (65536 - 64) & ~63ul);
  CHECK(shard.consistent());
  CHECK(dict->recoveries() > 0);
  dict->flush_all();
  dict->flush_expired(0);
  CHECK(shard.consistent());
  CHECK(shard.entries() == 0);
  std::string most(dict->free_space() - 100, 'm');
  CHECK(most.size() > 55000);
  CHECK(dict->store(Dict::Store::set, "most", text(most), 0, true).error == nullptr);
  munmap(shared, 4096);
}
