#include <sluice/net/proxy_header.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

using State = ProxyHeaderScan::State;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kBinary("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kLongestLine = 107;
constexpr size_t kBinaryHead = 16;  // signature, version and command, family and transport, length
constexpr uint8_t kTypeSsl = 0x20;
constexpr size_t kSslHead = 5;  // client flags, verdict

uint8_t byte_at(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }
uint16_t number_at(std::string_view bytes, size_t at) { return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1)); }

ProxyHeaderScan refused(const char* reason) {
  ProxyHeaderScan scan;
  scan.state = State::refused;
  scan.reason = reason;
  return scan;
}

ProxyHeaderScan found(size_t size, ProxyHeader header = {}) {
  ProxyHeaderScan scan;
  scan.state = State::found;
  scan.size = size;
  scan.header = std::move(header);
  return scan;
}

// take_word cuts a word off, and one space behind it; empty when there is none.
std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

std::optional<uint16_t> port_of(std::string_view text) {
  const auto port = parse_uint(text);
  if (!port || *port > UINT16_MAX || (text.size() > 1 && text[0] == '0')) return {};
  return static_cast<uint16_t>(*port);
}

// read_line reads what stands behind "PROXY ", without the line's end.
ProxyHeaderScan read_line(std::string_view line, size_t size) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return found(size);
  if (family != "TCP4" && family != "TCP6") return refused("unknown family");
  std::array<std::string_view, 4> words;
  for (auto& word : words) word = take_word(line);
  const auto source_port = port_of(words[2]), destination_port = port_of(words[3]);
  if (!line.empty() || !source_port || !destination_port) return refused("invalid port");
  const auto source = Address::from_ip(words[0], *source_port), destination = Address::from_ip(words[1], *destination_port);
  const int wanted = family == "TCP4" ? AF_INET : AF_INET6;
  if (!source || !destination || source->family() != wanted || destination->family() != wanted) return refused("invalid address");
  return found(size, {*source, *destination, {}});
}

ProxyHeaderScan scan_text(std::string_view bytes) {
  const size_t end = bytes.substr(0, kLongestLine).find('\n');
  if (end == bytes.npos) return bytes.size() < kLongestLine ? ProxyHeaderScan() : refused("line too long");
  if (bytes[end - 1] != '\r') return refused("line without carriage return");
  const std::string_view line = bytes.substr(kText.size(), end - 1 - std::min(kText.size(), end - 1));
  // The last port must end the line: a trailing space would leave an empty word unseen.
  if (line.ends_with(' ')) return refused("space at the line's end");
  return read_line(line, end + 1);
}

// next_tlv cuts one extension off; false when it does not lie inside.
bool next_tlv(std::string_view& rest, uint8_t& type, std::string_view& value) {
  constexpr size_t kHead = 3;
  if (rest.size() < kHead) return false;
  const size_t size = number_at(rest, 1);
  if (rest.size() - kHead < size) return false;
  type = byte_at(rest, 0);
  value = rest.substr(kHead, size);
  rest.remove_prefix(kHead + size);
  return true;
}

bool tlvs_fit(std::string_view rest) {
  uint8_t type;
  std::string_view value;
  while (!rest.empty()) {
    if (!next_tlv(rest, type, value)) return false;
    if (type == kTypeSsl && (value.size() < kSslHead || !tlvs_fit(value.substr(kSslHead)))) return false;
  }
  return true;
}

std::optional<std::string_view> find_tlv(std::string_view rest, uint8_t wanted) {
  uint8_t type;
  std::string_view value;
  while (next_tlv(rest, type, value)) {
    if (type == wanted) return value;
  }
  return {};
}

Address v4_at(std::string_view block, size_t address_at, size_t port_at) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(number_at(block, port_at));
  std::memcpy(&v4.sin_addr, block.data() + address_at, sizeof v4.sin_addr);
  return Address::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

Address v6_at(std::string_view block, size_t address_at, size_t port_at) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(number_at(block, port_at));
  std::memcpy(&v6.sin6_addr, block.data() + address_at, sizeof v6.sin6_addr);
  return Address::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

// read_block reads what the head announced: addresses by family, then extensions.
ProxyHeaderScan read_block(uint8_t family, bool is_stream, std::string_view block, size_t size) {
  enum : uint8_t { kUnspecified, kInet, kInet6, kUnix };
  constexpr size_t kBytesOf[] = {0, 12, 36, 216};
  if (block.size() < kBytesOf[family]) return refused("too short for its addresses");
  ProxyHeader header;
  if (is_stream && family == kInet) {
    header.source = v4_at(block, 0, 8);
    header.destination = v4_at(block, 4, 10);
  } else if (is_stream && family == kInet6) {
    header.source = v6_at(block, 0, 32);
    header.destination = v6_at(block, 16, 34);
  }
  // Without a family nothing says where extensions would begin.
  if (family != kUnspecified) header.tlvs = block.substr(kBytesOf[family]);
  if (!tlvs_fit(header.tlvs)) return refused("an extension is longer than the header");
  return found(size, std::move(header));
}

ProxyHeaderScan scan_binary(std::string_view bytes) {
  constexpr uint8_t kLocal = 0x20, kProxy = 0x21, kLastFamily = 3, kStream = 1, kDatagram = 2;
  if (bytes.size() > 12 && byte_at(bytes, 12) != kLocal && byte_at(bytes, 12) != kProxy) return refused("unknown version or command");
  if (bytes.size() < kBinaryHead) return {};
  const uint8_t family = byte_at(bytes, 13) >> 4, transport = byte_at(bytes, 13) & 15;
  if (family > kLastFamily || transport > kDatagram) return refused("unknown family");
  const size_t size = kBinaryHead + number_at(bytes, 14);
  if (size > kLongestProxyHeader) return refused("too long");
  if (bytes.size() < size) return {};
  if (byte_at(bytes, 12) == kLocal) return found(size);
  return read_block(family, transport == kStream, bytes.substr(kBinaryHead, size - kBinaryHead), size);
}

bool may_begin(std::string_view bytes, std::string_view with) {
  const size_t common = std::min(bytes.size(), with.size());
  return bytes.substr(0, common) == with.substr(0, common);
}

}  // namespace

std::optional<std::string_view> ProxyHeader::tlv(uint8_t type) const { return find_tlv(tlvs, type); }

std::optional<std::string_view> ProxyHeader::ssl_tlv(uint8_t type) const {
  const auto ssl = tlv(kTypeSsl);
  return ssl ? find_tlv(ssl->substr(kSslHead), type) : std::nullopt;
}

std::optional<uint32_t> ProxyHeader::ssl_verify() const {
  const auto ssl = tlv(kTypeSsl);
  if (!ssl) return {};
  return static_cast<uint32_t>(number_at(*ssl, 1)) << 16 | number_at(*ssl, 3);
}

ProxyHeaderScan scan_proxy_header(std::string_view bytes) {
  if (may_begin(bytes, kText)) return bytes.size() < kText.size() ? ProxyHeaderScan() : scan_text(bytes);
  if (may_begin(bytes, kBinary)) return scan_binary(bytes);
  return refused("not a PROXY protocol header");
}

}  // namespace sluice
