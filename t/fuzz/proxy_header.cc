// Fuzzes the PROXY protocol header: found or refused is the same in one piece and byte by byte, a header takes no byte that is not there,
// and every extension can be looked up.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/base/check.h>
#include <sluice/net/proxy_header.h>

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using State = ProxyHeaderScan::State;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const ProxyHeaderScan whole = scan_proxy_header(input);
  ProxyHeaderScan slow;
  for (size_t n = 0; n <= size && slow.state == State::need_more; ++n) slow = scan_proxy_header(input.substr(0, n));
  CHECK(whole.state == slow.state && whole.size == slow.size);
  CHECK(whole.state != State::need_more || size < kLongestProxyHeader);
  if (whole.state != State::found) return 0;
  CHECK(whole.size <= size && whole.size <= kLongestProxyHeader);
  CHECK(whole.header.source.family() == whole.header.destination.family());
  for (int type = 0; type < 256; ++type) {
    (void)whole.header.tlv(static_cast<uint8_t>(type));
    (void)whole.header.ssl_tlv(static_cast<uint8_t>(type));
  }
  (void)whole.header.ssl_verify();
  return 0;
}
