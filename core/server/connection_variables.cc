// Variables of the connection, the server, the process and the time.
#include <unistd.h>

#include <sluice/base/clock.h>
#include <sluice/base/hash.h>

#include "server/client_connection.h"
#include "server/core_conf.h"
#include "server/variable_text.h"

namespace sluice {

namespace {

// What nginx-minded scripts compare $nginx_version with: the version whose semantics sluice follows.
constexpr std::string_view kNginxVersion = "1.27.1";

VariableValue remote_addr(Exchange& x, const Variable&) { return x.connection().client_host(); }
VariableValue remote_port(Exchange& x, const Variable&) {
  return x.client_address().is_unix() ? std::string_view("") : decimal(x, x.client_address().port());
}
VariableValue server_addr(Exchange& x, const Variable&) { return x.arena().copy(x.server_address().host_text()); }
VariableValue server_port(Exchange& x, const Variable&) {
  return x.server_address().is_unix() ? std::string_view("") : decimal(x, x.server_address().port());
}

VariableValue binary_remote_addr(Exchange& x, const Variable&) {
  const Address& address = x.client_address();
  if (address.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.data());
    return std::string_view(reinterpret_cast<const char*>(&v4->sin_addr), 4);
  }
  if (address.family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.data());
    return std::string_view(reinterpret_cast<const char*>(&v6->sin6_addr), 16);
  }
  return x.arena().copy(address.host_text());
}

VariableValue server_name(Exchange& x, const Variable&) { return std::string_view(x.server().primary_name); }
VariableValue connection(Exchange& x, const Variable&) { return decimal(x, x.connection_number()); }
VariableValue connection_requests(Exchange& x, const Variable&) { return decimal(x, x.connection_requests()); }
VariableValue pipelined(Exchange&, const Variable&) { return std::string_view("."); }

VariableValue hostname(Exchange& x, const Variable&) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return x.arena().copy(name);
}
VariableValue pid(Exchange& x, const Variable&) { return decimal(x, static_cast<uint64_t>(getpid())); }
VariableValue nginx_version(Exchange&, const Variable&) { return kNginxVersion; }

VariableValue msec(Exchange& x, const Variable&) { return seconds_text(x, Clock::of_thread().wall_ms()); }
VariableValue time_iso8601(Exchange& x, const Variable&) { return x.arena().copy(Clock::of_thread().iso8601_time()); }
VariableValue time_local(Exchange& x, const Variable&) { return x.arena().copy(Clock::of_thread().local_time()); }

constexpr VariableRow kRows[] = {
    {"binary_remote_addr", binary_remote_addr, nullptr, "The client's address as 4 or 16 bytes."},
    {"connection", connection, nullptr, "Number of the client's connection."},
    {"connection_requests", connection_requests, nullptr, "How many requests the connection has carried, this one included."},
    {"hostname", hostname, nullptr, "Name of the machine."},
    {"msec", msec, nullptr, "Seconds since 1970 with milliseconds."},
    {"nginx_version", nginx_version, nullptr, "Version of nginx whose meaning sluice follows."},
    {"pid", pid, nullptr, "Process id of the worker."},
    {"pipe", pipelined, nullptr, "`p` for a pipelined request, else `.`; always `.`."},
    {"remote_addr", remote_addr, nullptr, "The client's address."},
    {"remote_port", remote_port, nullptr, "The client's port."},
    {"server_addr", server_addr, nullptr, "Address on which the request arrived."},
    {"server_name", server_name, nullptr, "First name of the server that took the request."},
    {"server_port", server_port, nullptr, "Port on which the request arrived."},
    {"time_iso8601", time_iso8601, nullptr, "Local time as ISO 8601."},
    {"time_local", time_local, nullptr, "Local time in the common log format."},
};

}  // namespace

std::span<const VariableRow> connection_variables() {
  return kRows;
}

}  // namespace sluice
