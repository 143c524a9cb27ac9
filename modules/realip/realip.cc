// realip: the client's address as a proxy in front of us tells it, as nginx's ngx_http_realip_module. Who is not in set_real_ip_from is
// not believed. The server's values count before its rewrite rules run, a location's own ones before limits and access rules.
#include <sluice/http/forwarded.h>
#include <sluice/net/proxy_header.h>
#include <sluice/sluice.h>

namespace sluice {
namespace {

// The proxies of one block, until finish_location seals their map.
struct ProxyList {
  TrustedProxies proxies;
  bool sealed = false;
};

struct RealipConf {
  std::shared_ptr<ProxyList> from;  // inherited only as a whole
  std::string header = "X-Real-IP";
  bool proxy_protocol = false;      // the PROXY protocol header instead
  bool recursive = false;
  bool own_list = false;
  bool of_location = false;         // something in a location differs from the server

  void enter_block() { own_list = false; }
};

class RealipHandler final : public PhaseHandler {
 public:
  explicit RealipHandler(const RealipConf& conf) : conf_(conf) {}

  Task<Outcome> run(Exchange& exchange) const override {
    if (!exchange.has_forwarded_client()) look(exchange);
    return Outcome::next();
  }
  std::string_view name() const override { return "realip"; }

 private:
  void look(Exchange& exchange) const {
    const TrustedProxies& trusted = conf_.from->proxies;
    if (conf_.proxy_protocol) {
      const ProxyHeader* header = exchange.proxy_header();
      const bool tells = header != nullptr && header->has_addresses() && trusted.contains(exchange.connection_address());
      if (tells) exchange.set_client_address(header->source);
      return;
    }
    const Recursion recursion = conf_.recursive ? Recursion::on : Recursion::off;
    const auto client = forwarded_address(exchange.connection_address(), exchange.request().headers, conf_.header, trusted, recursion);
    if (client) exchange.set_client_address(*client);
  }

  const RealipConf conf_;
};

void note_place(DirectiveUse& use) {
  if (use.block.context() == kLocation) use.conf_as<RealipConf>().of_location = true;
}

Result<void> add_host(DirectiveUse& use, AddressMap& map) {
  constexpr uint16_t kAnyPort = 80;
  auto addresses = Address::resolve(use.arg(0), kAnyPort);
  if (!addresses) return use.error(concat("host not found in set_real_ip_from \"", use.arg(0), '"'));
  for (const Address& address : *addresses) {
    if (auto block = IpBlock::parse_cidr(address.host_text())) map.paint(*block, 1);
  }
  return {};
}

Result<void> add_proxy(DirectiveUse& use) {
  auto& conf = use.conf_as<RealipConf>();
  note_place(use);
  if (!conf.own_list) {
    conf.from = std::make_shared<ProxyList>();
    conf.own_list = true;
  }
  TrustedProxies& proxies = conf.from->proxies;
  const std::string_view who = use.arg(0);
  if (who == "unix:") {
    proxies.unix_sockets = true;
    return {};
  }
  const auto block = IpBlock::parse_cidr(who);
  if (!block && who.find_first_of("/:") == who.npos) return add_host(use, proxies.addresses);
  if (!block) return use.error(concat("invalid parameter \"", who, '"'));
  if (block->low_bits_set) use.block.builder().warn(use.node.place, concat("low address bits of ", who, " are meaningless"));
  proxies.addresses.paint(*block, 1);
  return {};
}

Result<void> set_header(DirectiveUse& use) {
  auto& conf = use.conf_as<RealipConf>();
  note_place(use);
  conf.proxy_protocol = use.arg(0) == "proxy_protocol";
  conf.header = use.arg(0);
  if (!header_name_is_valid(conf.header)) return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_recursive(DirectiveUse& use) {
  note_place(use);
  TRY_ASSIGN(use.conf_as<RealipConf>().recursive, rows::flag_value(use));
  return {};
}

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

constexpr Directive kRows[] = {
    {"set_real_ip_from", kEverywhere, 1, 1, BlockShape::none, Repeat::any, add_proxy, nullptr, "",
     "A proxy whose word on the client's address is believed: an address, a block, a host's name (looked up while the configuration is "
     "read), or `unix:`. A block with such lines inherits none."},
    {"real_ip_header", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_header, nullptr, "X-Real-IP",
     "The request field that has the client's address, or `proxy_protocol`. Of several addresses, in one field or in many, the last "
     "counts. What is no address is not believed."},
    {"real_ip_recursive", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_recursive, nullptr, "off",
     "Whether an address that is a trusted proxy itself is passed over for the one before it."},
};

VariableValue realip_remote_addr(Exchange& x, const Variable&) { return x.connection_host(); }

VariableValue realip_remote_port(Exchange& x, const Variable&) {
  const uint16_t port = x.connection_address().port();
  return port == 0 ? VariableValue("") : VariableValue(x.arena().copy(std::to_string(port)));
}

constexpr VariableRow kVariables[] = {
    {"realip_remote_addr", realip_remote_addr, nullptr, "The address of the connection's other end, whatever realip found."},
    {"realip_remote_port", realip_remote_port, nullptr, "The port of the connection's other end."},
};

class RealipModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<RealipConf>();
    declarations.directives(kRows);
    declarations.variables(kVariables);
  }

  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const RealipConf*>(conf);
    if (values.from == nullptr) return {};
    if (!values.from->sealed) values.from->proxies.addresses.seal();
    values.from->sealed = true;
    const bool of_server = scope.location()->match == Location::Match::server;
    if (of_server) scope.add_handler(Phase::server_rewrite, HandlerOrder::first, std::make_shared<RealipHandler>(values));
    else if (values.of_location) scope.add_handler(Phase::preaccess, HandlerOrder::first, std::make_shared<RealipHandler>(values));
    return {};
  }
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::RealipModule, "realip", "The client's address as a trusted proxy tells it.")
