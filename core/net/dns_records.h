// The answers of DNS servers as values. c-ares parses them: no pointer of ours runs over these bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/net/resolver.h>

namespace sluice {

enum class DnsType : uint16_t { a = 1, aaaa = 28, srv = 33 };

// How a question ended. `none`: the name is there, but not such a record; `unknown`: there is no such name.
enum class DnsOutcome : uint8_t { found, none, unknown, failed };

struct DnsRecords {
  std::vector<Address> addresses;
  std::vector<ServiceRecord> services;
  uint32_t ttl_s = 0;  // the smallest of the records that led here, CNAMEs included
};

// parse_records reads a whole response to a question for `type` (RFC 1035 section 4). CNAMEs in it are followed. Anything else than
// `found` leaves `out` empty; bytes that are no response are `failed`.
DnsOutcome parse_records(std::span<const unsigned char> response, DnsType type, DnsRecords& out);

// valid_host_name: labels of 1 to 63 bytes, 253 in all, a final dot allowed; letters, digits, '-' and '_' (RFC 1123 section 2.1, and
// what is in use).
bool valid_host_name(std::string_view name);

// search_candidates lists the names to ask for in order (resolv.conf(5), `search` and `ndots`): a name with fewer dots than `ndots` is
// tried with the domains first. A final dot means: only this. The results have none.
std::vector<std::string> search_candidates(std::string_view name, const std::vector<std::string>& domains, int ndots);

}  // namespace sluice
