#include "server/listen_line.h"

#include <sluice/base/strings.h>

#include "os/privileges.h"

namespace sluice {

namespace {

constexpr uint16_t kDefaultPort = 80;

bool is_port(std::string_view text) {
  return parse_uint(text).has_value();
}

Result<std::vector<Address>> addresses_of(const DirectiveUse& use, std::string_view text) {
  std::string full(text);
  if (is_port(text)) {
    if (*parse_uint(text) == 0 || *parse_uint(text) > 65535) {
      return use.error(concat("invalid port in \"", text, "\" of the \"listen\" directive"));
    }
    full = concat("*:", text);
  }
  auto addresses = Address::resolve(full, kDefaultPort);
  if (!addresses) return use.error(concat(addresses.error().text, " of the \"listen\" directive"));
  return std::move(*addresses);
}

Result<void> set_backlog(const DirectiveUse& use, std::string_view text, ListenLine& line) {
  auto backlog = parse_uint(text);
  if (!backlog || *backlog == 0 || *backlog > INT32_MAX) return use.error(concat("invalid backlog \"", text, '"'));
  line.listen.backlog = static_cast<int>(*backlog);
  line.has_options = true;
  return {};
}

Result<void> set_ipv6only(const DirectiveUse& use, std::string_view text, ListenLine& line) {
  if (text != "on" && text != "off") return use.error(concat("invalid ipv6only flags \"", text, '"'));
  line.listen.ipv6only = text == "on";
  line.has_options = true;
  return {};
}

// What nginx knows and sluice does not have, so that it is never taken for a typing mistake, nor silently dropped.
bool is_known_elsewhere(std::string_view name) {
  for (std::string_view known : {"ssl", "http2", "quic", "deferred", "setfib", "fastopen", "rcvbuf", "sndbuf",
                                 "accept_filter", "so_keepalive", "multipath"}) {
    if (name == known) return true;
  }
  return false;
}

Result<void> apply_parameter(const DirectiveUse& use, std::string_view text, ListenLine& line) {
  size_t equals = text.find('=');
  std::string_view name = text.substr(0, equals);
  std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (text == "default_server" || text == "default") {
    line.default_server = true;
    return {};
  }
  if (text == "proxy_protocol") {
    line.listen.proxy_protocol = true;
    return {};
  }
  if (text == "bind" || text == "reuseport") return {};
  if (name == "backlog" && equals != std::string_view::npos) return set_backlog(use, value, line);
  if (name == "ipv6only" && equals != std::string_view::npos) return set_ipv6only(use, value, line);
  if (is_known_elsewhere(name)) return use.error(concat("the \"", name, "\" parameter of \"listen\" is not supported yet"));
  return use.error(concat("invalid parameter \"", text, '"'));
}

}  // namespace

Result<std::vector<ListenLine>> parse_listen(const DirectiveUse& use) {
  TRY_ASSIGN(std::vector<Address> addresses, addresses_of(use, use.arg(0)));
  ListenLine line;
  line.place = use.node.place;
  for (size_t i = 1; i < use.count(); ++i) TRY(apply_parameter(use, use.arg(i), line));
  std::vector<ListenLine> lines;
  for (const Address& address : addresses) {
    line.listen.address = address;
    line.listen.text = address.text();
    lines.push_back(line);
  }
  return lines;
}

ListenLine default_listen(const ConfigPlace& place) {
  ListenLine line;
  auto address = Address::parse(started_as_root() ? "*:80" : "*:8000");
  line.listen.address = *address;
  line.listen.text = address->text();
  line.place = place;
  return line;
}

Result<NameLine> parse_server_name(const DirectiveUse& use, std::string_view name) {
  ConfigBuilder& builder = use.block.builder();
  if (name.starts_with('~')) {
    if (name.size() == 1) return use.error("empty regex in server name \"~\"");
    // Hosts are lower-case when they are compared, so letters of either case in the pattern mean the same.
    TRY_ASSIGN(NamedRegex regex, NamedRegex::compile(builder, use.node.place, name.substr(1), Regex::Case::ignored));
    return NameLine{std::string(name), std::make_shared<const NamedRegex>(std::move(regex)), use.node.place};
  }
  if (name == "$hostname") {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    return NameLine{lower(host), nullptr, use.node.place};
  }
  if (name.find('/') != std::string_view::npos) builder.warn(use.node.place, concat("server name \"", name, "\" has suspicious symbols"));
  return NameLine{lower(name), nullptr, use.node.place};
}

std::string primary_name(const NameLine& line) {
  return line.name.starts_with('.') ? line.name.substr(1) : line.name;
}

}  // namespace sluice
