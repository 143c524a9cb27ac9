#include "os/interfaces.h"

#include <ifaddrs.h>

namespace sluice {

std::vector<Address> interface_addresses() {
  std::vector<Address> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    if (each->ifa_addr->sa_family == AF_INET) found.push_back(Address::from(each->ifa_addr, sizeof(sockaddr_in)));
    else if (each->ifa_addr->sa_family == AF_INET6) found.push_back(Address::from(each->ifa_addr, sizeof(sockaddr_in6)));
  }
  freeifaddrs(list);
  return found;
}

}  // namespace sluice
