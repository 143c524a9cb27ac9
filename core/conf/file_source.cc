#include <sluice/conf/file_source.h>
#include <sluice/os/address.h>

namespace sluice {

Result<std::vector<std::string>> FileSource::resolve(const std::string& host_and_port, uint16_t default_port) {
  auto addresses = Address::resolve(host_and_port, default_port);
  if (!addresses) return std::move(addresses.error());
  std::vector<std::string> texts;
  for (const Address& address : *addresses) texts.push_back(address.text());
  return texts;
}

}  // namespace sluice
