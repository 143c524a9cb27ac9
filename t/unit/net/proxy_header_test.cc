#include <sluice/net/proxy_header.h>

#include <string>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

using State = ProxyHeaderScan::State;

std::string binary(char command, char family, std::string_view block) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += command;
  out += family;
  out += static_cast<char>(block.size() >> 8);
  out += static_cast<char>(block.size());
  return out += block;
}

}  // namespace

TEST_CASE("a header in pieces needs more until it is whole, and takes no byte behind it") {
  const std::string block("\xc0\0\2\1\xc0\0\2\2\4\0\1\xbb\1\0\2h2", 17);
  for (const std::string& header : {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n"), binary(0x21, 0x11, block)}) {
    for (size_t size = 0; size < header.size(); ++size) REQUIRE(scan_proxy_header(header.substr(0, size)).state == State::need_more);
    const ProxyHeaderScan scan = scan_proxy_header(header + "GET / HTTP/1.1\r\n");
    REQUIRE(scan.state == State::found);
    REQUIRE(scan.size == header.size());
    REQUIRE(scan.header.source.text() == "192.0.2.1:1024");
    REQUIRE(scan.header.destination.text() == "192.0.2.2:443");
  }
}

TEST_CASE("what cannot become a header is refused at its first wrong byte") {
  REQUIRE(scan_proxy_header("G").state == State::refused);
  REQUIRE(scan_proxy_header("PROXX").state == State::refused);
  REQUIRE(scan_proxy_header("\r\n\r\nx").state == State::refused);
  REQUIRE(scan_proxy_header(binary(0x31, 0, "").substr(0, 13)).state == State::refused);
  REQUIRE(scan_proxy_header("PROXY \r\n").state == State::refused);
  REQUIRE(scan_proxy_header("PROXY \n").state == State::refused);
  REQUIRE(scan_proxy_header(std::string("PROXY TCP4 1.1.1.1 1.1.1.2 1 2") + std::string(100, ' ')).state == State::refused);
}

TEST_CASE("extensions inside of the one about TLS") {
  const std::string block("\xc0\0\2\1\xc0\0\2\2\4\0\1\xbb\x20\0\x0e\7\0\0\0\1\x22\0\1x\x21\0\2v3", 29);
  const ProxyHeader header = scan_proxy_header(binary(0x21, 0x11, block)).header;
  REQUIRE(header.ssl_verify() == 1u);
  REQUIRE(header.ssl_tlv(0x22) == "x");
  REQUIRE(header.ssl_tlv(0x21) == "v3");
  REQUIRE_FALSE(header.ssl_tlv(0x23));
  REQUIRE_FALSE(header.tlv(0x22));
  REQUIRE_FALSE(ProxyHeader().ssl_verify());
}
