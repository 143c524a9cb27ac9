// An example plug-in, complete: one directive, one phase handler, one balancer. Copy this folder to start your own;
// docs/first-module.md explains it line by line.
//
//   load_module modules/example.so;
//   http {
//       upstream app {
//           balance_by_tenant;                # a tenant's requests go to the same peer
//           server 10.0.0.1:8080;
//           server 10.0.0.2:8080;
//       }
//       server {
//           tenant_header X-Tenant;           # which field names the tenant; a request without it gets 400
//           location / { proxy_pass http://app; }
//       }
//   }

#include <sluice/base/hash.h>
#include <sluice/sluice.h>

namespace {

using namespace sluice;

// What the directive sets for an http, server or location block. A block starts with a copy of its parent's values.
struct ExampleConf {
  std::string tenant_header;  // empty: off
};

// --- the phase handler: runs for every request of a location that has a tenant_header

class RequireTenant final : public PhaseHandler {
 public:
  RequireTenant(std::string header, uint32_t slot) : header_(std::move(header)), slot_(slot) {}

  Task<Outcome> run(Exchange& exchange) const override {
    const Header* field = exchange.request().headers.find(header_);
    if (field == nullptr || field->value_size == 0) return refuse(exchange);
    exchange.slot(slot_) = const_cast<Header*>(field);  // for the balancer; lives as long as the exchange
    return Outcome::next();
  }
  std::string_view name() const override { return "tenant_header"; }

 private:
  Task<Outcome> refuse(Exchange& exchange) const {
    exchange.log_at(LogLevel::info, "no tenant: the request has no field \"", header_, '"');
    return exchange.respond(400, "text/plain", "who are you? a tenant is missing\n");
  }

  const std::string header_;
  const uint32_t slot_;
};

// --- the balancer: rendezvous hashing. Each usable peer gets a score from its name and the tenant's; the highest wins, so that a peer
//     that comes or goes moves only its own tenants.

class TenantBalancer final : public Balancer {
 public:
  TenantBalancer(const Upstream& upstream, uint32_t slot) : upstream_(upstream), slot_(slot) {}

  Result<void> pick(UpstreamRequest& request) override {
    const auto* field = static_cast<const Header*>(request.exchange.slot(slot_));
    const std::string_view tenant = field != nullptr ? field->value() : std::string_view();
    const Peer* best = nullptr;
    uint64_t best_score = 0;
    for (const Peer& peer : upstream_.peers()) {
      if (!upstream_.usable(peer, request)) continue;  // down, full, failed of late, or tried for this request
      const uint64_t score = hash_bytes(tenant, hash_bytes(peer.name, 0));
      if (best != nullptr && score <= best_score) continue;
      best = &peer;
      best_score = score;
    }
    if (best == nullptr) return Error(ErrorKind::unavailable, "no live upstreams", ErrorSource::upstream);
    request.target.peer = best;
    return {};
  }
  std::string_view name() const override { return "balance_by_tenant"; }

 private:
  const Upstream& upstream_;
  const uint32_t slot_;
};

// --- the directives: a row each. The parser's errors and the reference page come from these rows.

class ExampleModule;

Result<void> set_tenant_header(DirectiveUse& use) {
  if (!header_name_is_valid(use.arg(0))) return use.invalid_value(use.arg(0));
  use.conf_as<ExampleConf>().tenant_header = use.arg(0) == "off" ? "" : use.arg(0);
  return {};
}

Result<void> balance_by_tenant(DirectiveUse& use);

constexpr Directive kDirectives[] = {
    {"tenant_header", kHttp | kServer | kLocation, 1, 1, BlockShape::none, Repeat::once, &set_tenant_header, nullptr, "off",
     "The request field that names the tenant. A request without it is answered with 400."},
    {"balance_by_tenant", kUpstream, 0, 0, BlockShape::none, Repeat::once, &balance_by_tenant, nullptr, "",
     "Sends all requests of a tenant (tenant_header) to the same peer."},
};

// --- the module: says what there is, and puts the handler into the locations that want it

class ExampleModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<ExampleConf>();
    declarations.directives(kDirectives);
    slot_ = declarations.exchange_slot();
  }

  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& example = *static_cast<const ExampleConf*>(conf);
    if (example.tenant_header.empty()) return {};
    scope.add_handler(Phase::access, HandlerOrder::normal, std::make_shared<RequireTenant>(example.tenant_header, slot_));
    return {};
  }

  uint32_t slot() const { return slot_; }

 private:
  uint32_t slot_ = 0;  // ours in every exchange
};

Result<void> balance_by_tenant(DirectiveUse& use) {
  const auto create = [](const Upstream& upstream, const void* module) -> std::unique_ptr<Balancer> {
    return std::make_unique<TenantBalancer>(upstream, static_cast<const ExampleModule*>(module)->slot());
  };
  return use.block.owner<UpstreamScope>().set_balancer(use, create, &use.module_as<ExampleModule>());
}

}  // namespace

SLUICE_MODULE(ExampleModule, "example", "Tenants: a request must name one, and each sticks to a peer.")
