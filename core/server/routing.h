// Routing: from a listening address and a host name to a VirtualServer, and from a path to a Location. Immutable; built once.
//
// Rules: nginx's (exact name, longest "*.suffix", longest "prefix.*", first regex, default server; exact location, longest prefix with
// nested ones, ^~, regexes in order). Lookups neither allocate nor depend on the number of servers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/os/address.h>
#include <sluice/server/exchange.h>
#include <sluice/server/location.h>

namespace sluice {

class LocationTable;

// One `server` block.
class VirtualServer {
 public:
  VirtualServer();
  ~VirtualServer();
  std::string primary_name;                    // first server_name: $server_name
  Location root;                               // the server's own place: server_rewrite handlers and default values
  std::unique_ptr<LocationTable> locations;
  // Limits that apply before a location is known.
  uint64_t large_client_header_bytes = 8192;   // one line
  uint64_t client_header_bytes = 32 * 1024;    // the whole head
  uint32_t max_headers = 100;
  Milliseconds client_header_timeout{60'000};
  Milliseconds keepalive_timeout{75'000};
  bool underscores_in_headers = false;
  bool ignore_invalid_headers = true;
};

class LocationTable {
 public:
  LocationTable();
  ~LocationTable();
  // find gives the location for a normalised path; regex captures go to the exchange. Null: none matches (use the server's root).
  // redirect_to_slash is set when path + "/" would be an auto_redirect location.
  const Location* find(std::string_view path, Exchange& exchange, bool& redirect_to_slash) const;
  const Location* find_named(std::string_view name) const;

  struct Impl;
  std::unique_ptr<Impl> impl;
};

// All servers of one listening address.
class HostTable {
 public:
  HostTable();
  ~HostTable();
  // find gives the server for a lower-case host (without port; may be empty); never null. Regex captures go to the exchange.
  const VirtualServer* find(std::string_view host, Exchange& exchange) const;
  const VirtualServer* default_server() const;

  struct Impl;
  std::unique_ptr<Impl> impl;
};

// ListenSpec: one `listen` address of the configuration; the master opens it, workers accept on it.
struct ListenSpec {
  Address address;
  std::string text;        // as nginx prints it: "0.0.0.0:8080"
  int backlog = 511;
  bool ipv6only = true;
  bool proxy_protocol = false;  // connections begin with a PROXY protocol header
  bool operator==(const ListenSpec& other) const { return address == other.address; }
};

}  // namespace sluice
