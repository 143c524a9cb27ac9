#include "net/dns_records.h"

#include <arpa/nameser.h>
#include <ares.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kQuestionTailBytes = 4;   // type, class
constexpr size_t kRecordHeadBytes = 10;    // type, class, TTL, length
constexpr size_t kSmallestRecordBytes = 1 + kRecordHeadBytes;
constexpr size_t kMaxNameBytes = 253;
constexpr size_t kMaxLabelBytes = 63;

using Bytes = std::span<const unsigned char>;

uint32_t big_endian(Bytes bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
  return value;
}

// after_name gives where the name at `at` ends; 0 when it is none.
size_t after_name(Bytes response, size_t at) {
  char* name = nullptr;
  long length = 0;
  if (at >= response.size() || ares_expand_name(response.data() + at, response.data(), static_cast<int>(response.size()), &name, &length) != ARES_SUCCESS) {
    return 0;
  }
  ares_free_string(name);
  return at + static_cast<size_t>(length);
}

// The smallest TTL of the answer section: c-ares gives none with SRV records.
uint32_t smallest_ttl(Bytes response) {
  if (response.size() < kHeaderBytes) return 0;
  size_t at = kHeaderBytes;
  for (uint32_t questions = big_endian(response, 4, 2); questions > 0; --questions) {
    at = after_name(response, at);
    if (at == 0) return 0;
    at += kQuestionTailBytes;
  }
  uint32_t smallest = UINT32_MAX;
  for (uint32_t records = big_endian(response, 6, 2); records > 0; --records) {
    at = after_name(response, at);
    if (at == 0 || at + kRecordHeadBytes > response.size()) return 0;
    smallest = std::min(smallest, big_endian(response, at + 4, 4));
    at += kRecordHeadBytes + big_endian(response, at + 8, 2);
  }
  return smallest;
}

// RFC 2181 section 8: a TTL with the highest bit set is zero.
uint32_t checked_ttl(int64_t ttl) { return ttl < 0 || ttl > INT32_MAX ? 0 : static_cast<uint32_t>(ttl); }

Address address_of(const in_addr& from) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr = from;
  return Address::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

Address address_of(const ares_in6_addr& from) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  static_assert(sizeof v6.sin6_addr == sizeof from);
  std::copy_n(reinterpret_cast<const unsigned char*>(&from), sizeof from, reinterpret_cast<unsigned char*>(&v6.sin6_addr));
  return Address::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

DnsOutcome outcome_of(int status) {
  switch (status) {
    case ARES_SUCCESS: return DnsOutcome::found;
    case ARES_ENODATA: return DnsOutcome::none;
    case ARES_ENOTFOUND: return DnsOutcome::unknown;
    default: return DnsOutcome::failed;
  }
}

DnsOutcome parse_v4(Bytes response, DnsRecords& out) {
  std::vector<ares_addrttl> found(response.size() / kSmallestRecordBytes + 1);
  int count = static_cast<int>(found.size());
  const int status = ares_parse_a_reply(response.data(), static_cast<int>(response.size()), nullptr, found.data(), &count);
  if (status != ARES_SUCCESS) return outcome_of(status);
  for (int i = 0; i < count; ++i) {
    out.addresses.push_back(address_of(found[i].ipaddr));
    out.ttl_s = std::min(out.ttl_s, checked_ttl(found[i].ttl));
  }
  return count > 0 ? DnsOutcome::found : DnsOutcome::none;
}

DnsOutcome parse_v6(Bytes response, DnsRecords& out) {
  std::vector<ares_addr6ttl> found(response.size() / kSmallestRecordBytes + 1);
  int count = static_cast<int>(found.size());
  const int status = ares_parse_aaaa_reply(response.data(), static_cast<int>(response.size()), nullptr, found.data(), &count);
  if (status != ARES_SUCCESS) return outcome_of(status);
  for (int i = 0; i < count; ++i) {
    out.addresses.push_back(address_of(found[i].ip6addr));
    out.ttl_s = std::min(out.ttl_s, checked_ttl(found[i].ttl));
  }
  return count > 0 ? DnsOutcome::found : DnsOutcome::none;
}

DnsOutcome parse_services(Bytes response, DnsRecords& out) {
  ares_srv_reply* first = nullptr;
  const int status = ares_parse_srv_reply(response.data(), static_cast<int>(response.size()), &first);
  if (status != ARES_SUCCESS) return outcome_of(status);
  std::unique_ptr<ares_srv_reply, decltype(&ares_free_data)> owner(first, &ares_free_data);
  for (const ares_srv_reply* record = first; record != nullptr; record = record->next) {
    // "." means: there is decidedly no such service (RFC 2782).
    if (record->host == nullptr || *record->host == '\0' || !valid_host_name(record->host)) continue;
    out.services.push_back({record->priority, record->weight, record->port, lower(record->host)});
  }
  out.ttl_s = checked_ttl(smallest_ttl(response));
  return out.services.empty() ? DnsOutcome::none : DnsOutcome::found;
}

}  // namespace

DnsOutcome parse_records(Bytes response, DnsType type, DnsRecords& out) {
  out = {};
  out.ttl_s = INT32_MAX;
  const DnsOutcome outcome = type == DnsType::a ? parse_v4(response, out) : type == DnsType::aaaa ? parse_v6(response, out) : parse_services(response, out);
  if (outcome != DnsOutcome::found) out = {};
  return outcome;
}

bool valid_host_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const char small = to_lower(c);
    const bool allowed = (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed || ++label > kMaxLabelBytes) return false;
  }
  return label > 0;
}

std::vector<std::string> search_candidates(std::string_view name, const std::vector<std::string>& domains, int ndots) {
  if (name.ends_with('.')) return {std::string(name.substr(0, name.size() - 1))};
  std::vector<std::string> candidates;
  for (const std::string& domain : domains) {
    if (domain.empty() || domain == ".") continue;
    candidates.push_back(concat(name, '.', domain));
  }
  const bool as_is_first = std::count(name.begin(), name.end(), '.') >= ndots;
  candidates.insert(as_is_first ? candidates.begin() : candidates.end(), std::string(name));
  return candidates;
}

}  // namespace sluice
