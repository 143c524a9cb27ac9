#include <sluice/os/address.h>

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr socklen_t kUnixPathOffset = offsetof(sockaddr_un, sun_path);

struct HostPort {
  std::string host;
  std::string_view port;  // empty: none given
  bool bracketed = false;
};

Error invalid(std::string_view what, std::string_view text) {
  return Error(ErrorKind::config, concat(what, " \"", text, "\""), ErrorSource::config);
}

Result<HostPort> split(std::string_view text) {
  HostPort parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    size_t end = text.find(']');
    if (end == std::string_view::npos) return invalid("invalid IPv6 address in", text);
    parts.host = text.substr(1, end - 1);
    parts.bracketed = true;
    rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return invalid("invalid port in", text);
  } else {
    size_t colon = text.find(':');
    parts.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (rest.size() == 1) return invalid("invalid port in", text);
  if (!rest.empty()) parts.port = rest.substr(1);
  if (parts.host.empty()) return invalid("no host in", text);
  return parts;
}

Result<uint16_t> port_of(const HostPort& parts, uint16_t default_port, std::string_view text) {
  if (parts.port.empty()) {
    if (default_port == 0) return invalid("no port in", text);
    return default_port;
  }
  auto port = parse_uint(parts.port);
  if (!port || *port == 0 || *port > 65535) return invalid("invalid port in", text);
  return static_cast<uint16_t>(*port);
}

Result<Address> parse_unix(std::string_view path, std::string_view text) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (path.empty()) return invalid("no path in the unix domain socket", text);
  if (path.size() >= sizeof un.sun_path) return invalid("too long path in the unix domain socket", text);
  std::memcpy(un.sun_path, path.data(), path.size());
  auto length = static_cast<socklen_t>(kUnixPathOffset + path.size() + 1);
  return Address::from(reinterpret_cast<const sockaddr*>(&un), length);
}

std::optional<Address> parse_v4(const char* text, uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, text, &v4.sin_addr) != 1) return {};
  return Address::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

std::optional<Address> parse_v6(const char* text, uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) return {};
  return Address::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

std::optional<Address> parse_ip(const HostPort& parts, uint16_t port) {
  if (parts.bracketed) return parse_v6(parts.host.c_str(), port);
  return parse_v4(parts.host == "*" ? "0.0.0.0" : parts.host.c_str(), port);
}

}  // namespace

Address Address::from(const sockaddr* address, socklen_t length) {
  Address result;
  result.length_ = std::min(length, static_cast<socklen_t>(sizeof(sockaddr_un)));
  std::memcpy(&result.storage_, address, std::min(result.length_, static_cast<socklen_t>(sizeof result.storage_)));
  if (result.length_ > sizeof result.storage_) {
    result.path_ = std::make_unique<sockaddr_un>();
    std::memcpy(result.path_.get(), address, result.length_);
  }
  return result;
}

Address::Address(const Address& other)
    : storage_(other.storage_), length_(other.length_), path_(other.path_ != nullptr ? std::make_unique<sockaddr_un>(*other.path_) : nullptr) {}

Result<Address> Address::parse(std::string_view text, uint16_t default_port) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text.substr(kUnixPrefix.size()), text);
  TRY_ASSIGN(HostPort parts, split(text));
  TRY_ASSIGN(uint16_t port, port_of(parts, default_port, text));
  auto address = parse_ip(parts, port);
  if (!address) return invalid(parts.bracketed ? "invalid IPv6 address in" : "invalid address", text);
  return *address;
}

std::optional<Address> Address::from_ip(std::string_view ip, uint16_t port) {
  char text[INET6_ADDRSTRLEN];
  if (ip.size() >= sizeof text || ip.find('\0') != ip.npos) return {};
  text[ip.copy(text, ip.size())] = '\0';
  return ip.find(':') == ip.npos ? parse_v4(text, port) : parse_v6(text, port);
}

Result<std::vector<Address>> Address::resolve(std::string_view host_and_port, uint16_t default_port) {
  std::string_view text = host_and_port;
  if (text.starts_with(kUnixPrefix)) {
    TRY_ASSIGN(Address address, parse_unix(text.substr(kUnixPrefix.size()), text));
    return std::vector{address};
  }
  TRY_ASSIGN(HostPort parts, split(text));
  TRY_ASSIGN(uint16_t port, port_of(parts, default_port, text));
  if (auto literal = parse_ip(parts, port)) return std::vector{*literal};
  if (parts.bracketed) return invalid("invalid IPv6 address in", text);

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(parts.host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return Error(ErrorKind::not_found, concat("host not found in \"", text, "\""), ErrorSource::config);
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<Address> addresses;
  for (auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(from(entry->ai_addr, entry->ai_addrlen));
  }
  return addresses;
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

Address Address::with_port(uint16_t port) const {
  Address other = *this;
  (family() == AF_INET ? other.storage_.v4.sin_port : other.storage_.v6.sin6_port) = htons(port);
  return other;
}

std::string Address::host_text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &storage_.v4.sin_addr, buffer, sizeof buffer);
  if (family() == AF_INET6) inet_ntop(AF_INET6, &storage_.v6.sin6_addr, buffer, sizeof buffer);
  if (is_unix()) return std::string(kUnixPrefix);
  return buffer;
}

std::string Address::text() const {
  if (family() == AF_INET) return concat(host_text(), ':', port());
  if (family() == AF_INET6) return concat('[', host_text(), "]:", port());
  if (!is_unix() || length_ <= kUnixPathOffset) return host_text();
  size_t room = length_ - kUnixPathOffset;
  const char* path = reinterpret_cast<const sockaddr_un*>(data())->sun_path;
  return concat(kUnixPrefix, std::string_view(path, strnlen(path, room)));
}

bool Address::operator==(const Address& other) const {
  return length_ == other.length_ && std::memcmp(data(), other.data(), length_) == 0;
}

}  // namespace sluice
