// ProxyConf: the proxy_* values of a location, and ProxyTarget: what its proxy_pass means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.h>
#include <sluice/conf/tree.h>
#include <sluice/http/headers.h>
#include <sluice/net/resolver.h>
#include <sluice/server/variable.h>

#include "upstream/cookie_flag_rule.h"
#include "upstream/rewrite_rule.h"

namespace sluice {

class UpstreamGroup;

// Conditions of proxy_next_upstream; bits.
enum NextUpstream : uint32_t {
  kNextError = 1,
  kNextTimeout = 2,
  kNextInvalidHeader = 4,
  kNextHttp500 = 8,
  kNextHttp502 = 16,
  kNextHttp503 = 32,
  kNextHttp504 = 64,
  kNextHttp403 = 128,
  kNextHttp404 = 256,
  kNextHttp429 = 512,
  kNextNonIdempotent = 1024,
  kNextOff = 2048,
};

// What proxy_via says without a name.
inline constexpr std::string_view kOwnName = "sluice";

struct ProxyTarget {
  ConfigPlace place;
  ComplexValue url;             // as written
  bool dynamic = false;         // has variables: resolved per request
  std::string host;             // static: $proxy_host ("name" or "name:port")
  std::string port;             // $proxy_port
  std::string uri_part;         // static, with has_uri: replaces the location's prefix
  bool has_uri = false;
  UpstreamGroup* group = nullptr;  // static: set when the whole configuration is known
  ResolverOptions resolver_options;
  std::shared_ptr<Resolver> resolver;  // dynamic: the process's
  uint32_t turn = 0;            // dynamic: which address of a name comes first
};

// shown_host: a Unix socket's path is nothing to tell its server: there it is "localhost", as nginx has it.
inline std::string_view shown_host(std::string_view host) { return host.starts_with("unix:") ? "localhost" : host; }

struct ProxySetHeader {
  std::string name;
  HeaderId id = HeaderId::unknown;
  ComplexValue value;           // empty when evaluated: the field is not sent
};

// Fields of a response that steer the proxy itself, and that proxy_ignore_headers makes ordinary; bits.
enum SteeringField : uint32_t {
  kSteerRedirect = 1,
  kSteerExpires = 2,
  kSteerLimitRate = 4,
  kSteerBuffering = 8,
  kSteerCharset = 16,
  kSteerCaching = 32,  // Expires, Cache-Control, Set-Cookie, Vary: for a cache, which there is none
};

// proxy_bind: the own address of connections to peers.
struct ProxyBind {
  ComplexValue address;  // empty: the kernel chooses
  bool transparent = false;
};

struct ProxyConf {
  enum class Redirects : uint8_t { implied, listed, off };

  std::shared_ptr<ProxyTarget> target;              // not inherited
  std::string location_prefix;                      // what uri_part replaces
  std::vector<ProxySetHeader> set_headers;
  std::vector<std::string> hide_headers;
  std::vector<std::string> pass_headers;
  ComplexValue method;                              // proxy_method
  std::string via;                                  // the name of proxy_via; empty: off
  Milliseconds connect_timeout{60'000};
  Milliseconds send_timeout{60'000};
  Milliseconds read_timeout{60'000};
  uint64_t buffer_size = 64 * 1024;                 // of a response head
  uint32_t next_upstream = kNextError | kNextTimeout;
  uint64_t next_upstream_tries = 0;                 // 0: as many as there are peers
  Milliseconds next_upstream_timeout{0};            // 0: no limit
  bool ignore_client_abort = false;
  bool pass_request_headers = true;
  bool pass_request_body = true;
  bool http10 = false;                              // proxy_http_version 1.0
  bool buffering = true;                            // what the client does not take yet is kept here, and the peer is free
  bool request_buffering = true;                    // the whole body first, then the peer
  uint64_t buffers_bytes = 64 * 1024;               // proxy_buffers: of a response in memory
  uint64_t max_temp_file_size = uint64_t{1024} * 1024 * 1024;
  std::string temp_path = "/var/tmp";
  ComplexValue limit_rate;                          // bytes per second from the peer; empty: no limit
  bool pass_trailers = false;
  bool intercept_errors = false;
  bool socket_keepalive = false;
  uint64_t socket_rcvbuf = 0;                       // 0: the kernel's
  uint64_t socket_sndbuf = 0;
  uint32_t ignored_fields = 0;                      // SteeringField
  std::optional<ComplexValue> body;                 // proxy_set_body
  ProxyBind bind;
  Redirects redirects = Redirects::implied;
  std::vector<RewriteRule> redirect_rules;
  std::vector<RewriteRule> cookie_domains;
  std::vector<RewriteRule> cookie_paths;
  std::vector<CookieFlagRule> cookie_flags;

  void enter_block() {
    target.reset();
    location_prefix.clear();
  }
};

}  // namespace sluice
