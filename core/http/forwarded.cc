#include <sluice/http/forwarded.h>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr std::string_view kSeparators = " ,\t";

// take_last cuts the last entry off the list; empty when there is none.
std::string_view take_last(std::string_view& list) {
  const size_t last = list.find_last_not_of(kSeparators);
  if (last == list.npos) return {};
  const size_t before = list.find_last_of(kSeparators, last);
  const size_t start = before == list.npos ? 0 : before + 1;
  const std::string_view entry = list.substr(start, last + 1 - start);
  list = list.substr(0, start);
  return entry;
}

std::optional<Address> with_port(std::string_view host, std::string_view colon_and_port) {
  if (colon_and_port.empty()) return Address::from_ip(host);
  constexpr uint64_t kLargestPort = 65535;
  const auto port = parse_uint(colon_and_port.substr(1));
  if (colon_and_port[0] != ':' || !port || *port == 0 || *port > kLargestPort) return {};
  return Address::from_ip(host, static_cast<uint16_t>(*port));
}

std::optional<Address> parse_entry(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == text.npos || text.find(':') > end) return {};
    return with_port(text.substr(1, end - 1), text.substr(end + 1));
  }
  const size_t colon = text.find(':');
  const bool has_port = colon != text.npos && text.find(':', colon + 1) == text.npos;
  return has_port ? with_port(text.substr(0, colon), text.substr(colon)) : Address::from_ip(text);
}

}  // namespace

std::optional<Address> forwarded_address(const Address& from, const Headers& headers, std::string_view name,
                                         const TrustedProxies& trusted, Recursion recursion) {
  std::optional<Address> found;
  if (!trusted.contains(from)) return found;
  for (const Header* field = headers.end(); field != headers.begin();) {
    --field;
    if (field->removed || !iequals(field->name(), name)) continue;
    std::string_view list = field->value();
    do {
      auto named = parse_entry(take_last(list));
      if (!named) return found;
      found = std::move(named);
      if (recursion == Recursion::off || !trusted.contains(*found)) return found;
    } while (list.find_first_not_of(kSeparators) != list.npos);
  }
  return found;
}

}  // namespace sluice
