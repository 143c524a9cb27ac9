#include "os/cpu_affinity.h"

#include "../test.h"

using namespace sluice;

TEST_CASE("a mask's last digit is the first CPU") {
  CHECK(parse_cpu_mask("0101").value() == CpuSet{true, false, true, false});
  CHECK(parse_cpu_mask("012").error().text == "invalid character \"2\" in \"worker_cpu_affinity\"");
  CHECK(parse_cpu_mask(std::string(1025, '0')).error().text == "\"worker_cpu_affinity\" supports up to 1024 CPUs only");
}

TEST_CASE("each worker has its mask, further ones the last") {
  const CpuAffinity affinity{false, {"01", "10"}};
  CHECK(cpus_of_worker(affinity, {}, 0) == CpuSet{true, false});
  CHECK(cpus_of_worker(affinity, {}, 1) == CpuSet{false, true});
  CHECK(cpus_of_worker(affinity, {}, 7) == CpuSet{false, true});
}

TEST_CASE("auto deals one CPU to each worker, in turn, among those that there are") {
  const CpuSet usable{false, true, false, true};
  CHECK(cpus_of_worker({true, {}}, usable, 0) == CpuSet{false, true, false, false});
  CHECK(cpus_of_worker({true, {}}, usable, 1) == CpuSet{false, false, false, true});
  CHECK(cpus_of_worker({true, {}}, usable, 2) == CpuSet{false, true, false, false});
  CHECK(cpus_of_worker({true, {"101"}}, usable, 1) == CpuSet{false, false, true});
  CHECK(cpus_of_worker({true, {"000"}}, usable, 1).empty());
}
