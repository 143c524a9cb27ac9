// Variables of the connection, the server, the process and the time.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <optional>

#include <sluice/base/clock.h>
#include <sluice/base/hash.h>

#include "server/client_connection.h"
#include "server/core_conf.h"
#include "server/variable_text.h"

namespace sluice {

namespace {

// What nginx-minded scripts compare $nginx_version with: the version whose semantics sluice follows.
constexpr std::string_view kNginxVersion = "1.27.1";

VariableValue remote_addr(Exchange& x, const Variable&) { return x.client_host(); }
VariableValue remote_port(Exchange& x, const Variable&) {
  const uint16_t port = x.client_address().port();
  return port == 0 ? std::string_view("") : decimal(x, port);
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

// --- what a PROXY protocol header said

const ProxyHeader* header_with_addresses(const Exchange& x) {
  const ProxyHeader* header = x.proxy_header();
  return header != nullptr && header->has_addresses() ? header : nullptr;
}

template <Address ProxyHeader::*Side>
VariableValue proxied_addr(Exchange& x, const Variable&) {
  const ProxyHeader* header = header_with_addresses(x);
  return header == nullptr ? VariableValue() : x.arena().copy((header->*Side).host_text());
}

template <Address ProxyHeader::*Side>
VariableValue proxied_port(Exchange& x, const Variable&) {
  const ProxyHeader* header = header_with_addresses(x);
  return header == nullptr ? VariableValue() : decimal(x, (header->*Side).port());
}

VariableValue optional_text(const std::optional<std::string_view>& text) { return text ? VariableValue(*text) : VariableValue(); }

// A name of an extension, or its number: $proxy_protocol_tlv_alpn, $proxy_protocol_tlv_0x01.
VariableValue proxied_tlv(Exchange& x, const Variable& variable) {
  struct Known {
    std::string_view name;
    uint8_t type;
  };
  constexpr Known kKnown[] = {{"alpn", 0x01}, {"authority", 0x02}, {"unique_id", 0x05}, {"ssl", 0x20}, {"netns", 0x30}};
  constexpr Known kKnownOfSsl[] = {{"ssl_version", 0x21}, {"ssl_cn", 0x22}, {"ssl_cipher", 0x23}, {"ssl_sig_alg", 0x24}, {"ssl_key_alg", 0x25}};
  const ProxyHeader* header = x.proxy_header();
  if (header == nullptr) return {};
  const std::string_view name = variable.suffix();
  for (const Known& known : kKnown) {
    if (name == known.name) return optional_text(header->tlv(known.type));
  }
  for (const Known& known : kKnownOfSsl) {
    if (name == known.name) return optional_text(header->ssl_tlv(known.type));
  }
  if (name == "ssl_verify") {
    const auto verdict = header->ssl_verify();
    return verdict ? decimal(x, *verdict) : VariableValue();
  }
  unsigned type = 0;
  const char* end = name.data() + name.size();
  constexpr int kHexadecimal = 16;
  const bool numeric = name.starts_with("0x") && name.size() > 2 && name.size() <= 4;
  if (numeric && std::from_chars(name.data() + 2, end, type, kHexadecimal).ptr == end) return optional_text(header->tlv(static_cast<uint8_t>(type)));
  x.log_at(LogLevel::error, "unknown PROXY protocol TLV \"", name, '"');
  return {};
}

VariableValue server_name(Exchange& x, const Variable&) { return std::string_view(x.server().primary_name); }
VariableValue connection(Exchange& x, const Variable&) { return decimal(x, x.connection_number()); }
VariableValue connection_requests(Exchange& x, const Variable&) { return decimal(x, x.connection_requests()); }
VariableValue connection_time(Exchange& x, const Variable&) { return seconds_text(x, x.connection().age_ms()); }

// What the kernel knows about the client's connection; nothing for Unix sockets.
template <auto Member>
VariableValue tcp_info_value(Exchange& x, const Variable&) {
  tcp_info info = {};
  socklen_t size = sizeof info;
  if (getsockopt(x.connection().stream().fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  return decimal(x, info.*Member);
}

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
    {"connection_time", connection_time, nullptr, "Seconds since the connection was accepted, with milliseconds."},
    {"hostname", hostname, nullptr, "Name of the machine."},
    {"msec", msec, nullptr, "Seconds since 1970 with milliseconds."},
    {"nginx_version", nginx_version, nullptr, "Version of nginx whose meaning sluice follows."},
    {"pid", pid, nullptr, "Process id of the worker."},
    {"pipe", pipelined, nullptr, "`p` for a pipelined request, else `.`; always `.`."},
    {"proxy_protocol_addr", proxied_addr<&ProxyHeader::source>, nullptr, "The client's address in the PROXY protocol header."},
    {"proxy_protocol_port", proxied_port<&ProxyHeader::source>, nullptr, "The client's port in the PROXY protocol header."},
    {"proxy_protocol_server_addr", proxied_addr<&ProxyHeader::destination>, nullptr, "The server's address in the PROXY protocol header."},
    {"proxy_protocol_server_port", proxied_port<&ProxyHeader::destination>, nullptr, "The server's port in the PROXY protocol header."},
    {"proxy_protocol_tlv_", proxied_tlv, nullptr,
     "An extension of the PROXY protocol header: `alpn`, `authority`, `unique_id`, `ssl`, `netns`, `ssl_version`, `ssl_cn`, `ssl_cipher`, "
     "`ssl_sig_alg`, `ssl_key_alg`, `ssl_verify`, or a number: `0x01`."},
    {"remote_addr", remote_addr, nullptr, "The client's address."},
    {"remote_port", remote_port, nullptr, "The client's port."},
    {"server_addr", server_addr, nullptr, "Address on which the request arrived."},
    {"server_name", server_name, nullptr, "First name of the server that took the request."},
    {"server_port", server_port, nullptr, "Port on which the request arrived."},
    {"tcpinfo_rcv_space", tcp_info_value<&tcp_info::tcpi_rcv_space>, nullptr, "Of the client's connection: TCP_INFO's rcv_space."},
    {"tcpinfo_rtt", tcp_info_value<&tcp_info::tcpi_rtt>, nullptr, "Of the client's connection: round trip time in microseconds."},
    {"tcpinfo_rttvar", tcp_info_value<&tcp_info::tcpi_rttvar>, nullptr, "Of the client's connection: how much that varies."},
    {"tcpinfo_snd_cwnd", tcp_info_value<&tcp_info::tcpi_snd_cwnd>, nullptr, "Of the client's connection: the congestion window."},
    {"time_iso8601", time_iso8601, nullptr, "Local time as ISO 8601."},
    {"time_local", time_local, nullptr, "Local time in the common log format."},
};

}  // namespace

std::span<const VariableRow> connection_variables() {
  return kRows;
}

}  // namespace sluice
