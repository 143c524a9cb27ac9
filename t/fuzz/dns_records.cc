// Fuzzes the reading of DNS responses: whatever comes, it ends, and what is found has addresses or hosts that are names.
#include <cstddef>
#include <cstdint>

#include <sluice/base/check.h>

#include "net/dns_records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  for (DnsType type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
    DnsRecords records;
    const DnsOutcome outcome = parse_records({data, size}, type, records);
    CHECK((outcome == DnsOutcome::found) == (!records.addresses.empty() || !records.services.empty()));
    for (const ServiceRecord& service : records.services) CHECK(valid_host_name(service.host));
  }
  return 0;
}
