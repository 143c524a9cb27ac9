#include "os/cpu_affinity.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include <sluice/base/strings.h>

namespace sluice {

Result<CpuSet> parse_cpu_mask(std::string_view mask) {
  if (mask.size() > CPU_SETSIZE) {
    return Error(ErrorKind::config, concat("\"worker_cpu_affinity\" supports up to ", CPU_SETSIZE, " CPUs only"), ErrorSource::config);
  }
  CpuSet cpus;
  for (auto digit = mask.rbegin(); digit != mask.rend(); ++digit) {
    if (*digit != '0' && *digit != '1') {
      return Error(ErrorKind::config, concat("invalid character \"", std::string_view(&*digit, 1), "\" in \"worker_cpu_affinity\""), ErrorSource::config);
    }
    cpus.push_back(*digit == '1');
  }
  return cpus;
}

CpuSet usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CpuSet cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    cpus.resize(static_cast<size_t>(cpu) + 1);
    cpus.back() = true;
  }
  return cpus;
}

namespace {

// The CPU that is dealt to a worker when they go round.
CpuSet dealt(const CpuSet& among, size_t worker) {
  const auto count = static_cast<size_t>(std::count(among.begin(), among.end(), true));
  if (count == 0) return {};
  size_t left = worker % count;
  CpuSet one(among.size());
  for (size_t cpu = 0; cpu < among.size(); ++cpu) {
    if (!among[cpu] || left-- > 0) continue;
    one[cpu] = true;
    break;
  }
  return one;
}

}  // namespace

CpuSet cpus_of_worker(const CpuAffinity& affinity, const CpuSet& usable, size_t worker) {
  if (affinity.automatic) return dealt(affinity.masks.empty() ? usable : *parse_cpu_mask(affinity.masks[0]), worker);
  if (affinity.masks.empty()) return usable;
  return *parse_cpu_mask(affinity.masks[std::min(worker, affinity.masks.size() - 1)]);
}

Result<void> run_on(const CpuSet& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (size_t cpu = 0; cpu < cpus.size(); ++cpu) {
    if (cpus[cpu]) CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(0, sizeof set, &set) != 0) return os_error("sched_setaffinity()", errno);
  return {};
}

Result<void> set_nice_value(int value) {
  if (setpriority(PRIO_PROCESS, 0, value) != 0) return os_error(concat("setpriority(", value, ')'), errno);
  return {};
}

}  // namespace sluice
