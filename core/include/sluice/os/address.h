// Address: where a socket listens or connects: IPv4, IPv6 or a Unix path. Every connection holds one, so the path, which is long and
// rare, stands elsewhere.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>

namespace sluice {

class SLUICE_API Address {
 public:
  Address() = default;  // empty: family AF_UNSPEC
  Address(const Address& other);
  Address(Address&& other) noexcept = default;
  Address& operator=(const Address& other) { return *this = Address(other); }
  Address& operator=(Address&& other) noexcept = default;
  ~Address() = default;

  static Address from(const sockaddr* address, socklen_t length);
  // parse reads a literal: "127.0.0.1:80", "*:80" (every IPv4 address), "[::1]:80", "unix:/path" (and without a port when
  // default_port is given). No DNS. Errors: config (`invalid port in "..."`, `no port in "..."`, ...).
  static Result<Address> parse(std::string_view text, uint16_t default_port = 0);
  // from_ip reads an IP address alone, without brackets or port: "127.0.0.1", "::1".
  static std::optional<Address> from_ip(std::string_view ip, uint16_t port = 0);
  // resolve takes what parse takes, or a name that it looks up with getaddrinfo (blocking: only while loading a configuration).
  // All addresses, in the resolver's order. Errors: config as parse; not_found (`host not found in "..."`).
  static Result<std::vector<Address>> resolve(std::string_view host_and_port, uint16_t default_port);

  const sockaddr* data() const { return path_ != nullptr ? reinterpret_cast<const sockaddr*>(path_.get()) : &storage_.any; }
  socklen_t size() const { return length_; }
  int family() const { return storage_.any.sa_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  uint16_t port() const;          // host order; 0 for unix
  Address with_port(uint16_t port) const;  // REQUIRES: !is_unix()
  std::string host_text() const;  // "127.0.0.1", "::1", "unix:"; nginx's $remote_addr
  std::string text() const;       // "127.0.0.1:80", "[::1]:80", "unix:/path"; nginx's $upstream_addr
  bool operator==(const Address& other) const;

 private:
  union Storage {
    sockaddr any;
    char bytes[sizeof(sockaddr_in6)];
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_ = {};  // what fits; the family always
  socklen_t length_ = 0;
  std::unique_ptr<sockaddr_un> path_;  // the whole address when it does not fit
};

}  // namespace sluice
