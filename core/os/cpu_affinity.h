// On which CPUs a process runs, in nginx's words: masks like 0101, the last digit for the first CPU; and how it is ranked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>

namespace sluice {

using CpuSet = std::vector<bool>;  // by the number of the CPU

// parse_cpu_mask's errors are the texts of nginx: `invalid character "x" in "worker_cpu_affinity"`, `"worker_cpu_affinity" supports up
// to N CPUs only`.
Result<CpuSet> parse_cpu_mask(std::string_view mask);

// usable_cpus are those that this process may use now.
CpuSet usable_cpus();

// cpus_of_worker says which of the masks a worker with that number gets: its own, or the last one. With `auto` (then there is at most one
// mask) it is one CPU: they are dealt out in turn. REQUIRES: masks are well-formed.
struct CpuAffinity {
  bool automatic = false;
  std::vector<std::string> masks;
  bool operator==(const CpuAffinity&) const = default;
  bool empty() const { return !automatic && masks.empty(); }
};
CpuSet cpus_of_worker(const CpuAffinity& affinity, const CpuSet& usable, size_t worker);

// run_on binds this process and its later threads. Error: of the system.
Result<void> run_on(const CpuSet& cpus);

// set_nice_value ranks this process: -20 (first) to 20. Error: of the system.
Result<void> set_nice_value(int value);

}  // namespace sluice
