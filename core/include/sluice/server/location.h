// Server and Location: what the configuration means for a request once its server and location are found. Immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/clock.h>
#include <sluice/log/log.h>
#include <sluice/server/phase.h>
#include <sluice/server/variable.h>

namespace sluice {

class AccessLog;
class Location;
struct ResolverOptions;

struct ErrorPage {
  int status = 0;              // the status this page is for
  int overwrite = -1;          // =code; 0: "=", take the handler's; -1: keep
  ComplexValue target;         // URI, URL or @name
};

// open_log_file_cache: which files of access logs whose paths have variables stay open.
struct LogFileCache {
  size_t max = 0;  // 0: off
  Milliseconds inactive{10'000};
  Milliseconds valid{60'000};
  uint64_t min_uses = 1;
};

// Whether files of request bodies have names, and whether they outlive the request (client_body_in_file_only).
enum class BodyFiles : uint8_t { without_name, removed, kept };

// The core's own values of a location; one row each in core/server/core_directives.cc.
struct CoreConf {
  uint64_t client_max_body_size = 1024 * 1024;   // 0: no limit
  Milliseconds client_body_timeout{60'000};
  uint64_t client_body_min_rate = 240;           // bytes per second of a body that is collected; 0: none
  Milliseconds client_body_grace{10'000};        // from then on
  uint64_t client_body_buffer_size = 16 * 1024;  // of a collected body in memory; a larger one lies in a file
  std::string client_body_temp_path = "/var/tmp";
  BodyFiles client_body_files = BodyFiles::without_name;
  Milliseconds send_timeout{60'000};
  Milliseconds keepalive_timeout{75'000};
  Milliseconds keepalive_time{3'600'000};         // no further request on a connection older than this
  Milliseconds keepalive_header{0};               // "Keep-Alive: timeout=N" of the response; 0: none
  Milliseconds lingering_timeout{5'000};
  Milliseconds lingering_time{30'000};
  uint64_t keepalive_requests = 1000;
  bool merge_slashes = true;
  bool server_tokens = true;
  std::shared_ptr<const ComplexValue> server_signature;  // server_tokens TEXT; null: what server_tokens says
  bool chunked_transfer_encoding = true;          // off: HTTP/1.1 responses of unknown length end with the connection
  bool reset_timedout_connection = false;
  bool internal = false;
  bool log_subrequest = false;                    // subrequests have a log phase, too
  bool satisfy_any = false;                       // one access handler that allows is enough
  bool absolute_redirect = true;                  // a Location that starts with "/" gets scheme, host and port
  bool server_name_in_redirect = false;           // that host is the server's first name, not the request's
  bool port_in_redirect = true;
  bool sendfile = false;                          // files go to the client without passing through memory
  ComplexValue limit_rate;                        // bytes per second of a response; empty or 0: no limit
  ComplexValue limit_rate_after;                  // that leave before the limit counts
  std::string default_type = "text/plain";
  std::vector<ErrorPage> error_pages;
  bool recursive_error_pages = false;
  bool uninitialized_variable_warn = true;
  std::vector<std::shared_ptr<const AccessLog>> access_logs;
  LogFileCache log_file_cache;
  std::shared_ptr<Logger> error_log;              // null: the process log
  std::shared_ptr<const ResolverOptions> resolver;  // of the `resolver` directive; null: none, the system's servers are asked
  Milliseconds resolver_timeout{30'000};
};

// What `limit_except` says: methods that are not among its own have values of their own in the same location.
struct MethodLimit {
  uint32_t methods = 0;                // bits of Method: those the location itself is for
  std::unique_ptr<Location> others;
};

class SLUICE_API Location {
 public:
  enum class Match : uint8_t { prefix, exact, prefix_no_regex, regex, regex_icase, named, server };

  std::string name;              // "/api/", "~ ^/x", "@fallback"; empty for the server's own
  Match match = Match::prefix;
  CoreConf core;
  std::vector<const PhaseHandler*> phases[static_cast<size_t>(Phase::count)];  // content: at most one
  std::vector<const HeaderFilter*> header_filters;
  std::vector<const BodyFilter*> body_filters;
  // A prefix location ending in '/' with a proxying handler redirects "/x" to "/x/" (nginx's auto_redirect).
  bool auto_redirect = false;
  std::unique_ptr<MethodLimit> method_limit;  // null: none
  uint32_t scripts = 0;                       // how many handlers at the beginning of the (server) rewrite phase are scripts

  // module_conf returns the struct of the module with that slot; null when the module has none.
  const void* module_conf(uint32_t slot) const { return slot < confs_.size() ? confs_[slot].get() : nullptr; }
  Logger& log() const { return core.error_log ? *core.error_log : Logger::process(); }

 private:
  friend class ConfigBuilder;
  friend class BlockScope;
  std::vector<std::shared_ptr<const void>> confs_;                // shared with the parent when nothing was overridden
  std::vector<std::shared_ptr<const void>> owned_;                // handlers and filters
};

}  // namespace sluice
