// limits: how many requests of a kind come per second (limit_req) and are in progress (limit_conn), over all workers: nginx's
// ngx_http_limit_req_module and ngx_http_limit_conn_module.
#include "limits_module.h"

#include <sluice/base/hash.h>
#include <sluice/conf/units.h>

namespace sluice {

namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

// --- zones

struct NamedSize {
  std::string name;
  uint64_t bytes = 0;
};

// parse_zone reads "name:size".
Result<NamedSize> parse_zone(const DirectiveUse& use, std::string_view text, size_t least) {
  const size_t colon = text.find(':');
  const auto bytes = colon == std::string_view::npos ? std::nullopt : parse_size(text.substr(colon + 1));
  if (colon == 0 || !bytes) return use.error(concat("invalid zone size \"", text, '"'));
  if (*bytes < least) return use.error(concat("zone \"", text.substr(0, colon), "\" is too small"));
  return NamedSize{std::string(text.substr(0, colon)), *bytes};
}

// parse_rate reads "10r/s" or "30r/m" as thousandths of a request per second.
std::optional<uint64_t> parse_rate(std::string_view text) {
  uint64_t seconds = 1;
  if (text.ends_with("r/m")) seconds = 60;
  else if (!text.ends_with("r/s")) return {};
  const auto number = parse_uint(text.substr(0, text.size() - 3));
  constexpr uint64_t kMost = 1'000'000'000;
  if (!number || *number == 0 || *number > kMost) return {};
  return std::max<uint64_t>(1, *number * 1000 / seconds);
}

// The zone of another key or rate is another zone: its numbers mean nothing for this one.
Result<std::shared_ptr<Zone>> shared_zone(DirectiveUse& use, const NamedSize& size, std::string_view layout) {
  char id[33] = {};
  content_id(use.arg(0), id);
  return use.block.builder().zone(use.node.place, {concat(use.row.name, ' ', size.name), concat(layout, ' ', std::string_view(id, 16)), size.bytes});
}

template <class Zones>
Result<void> check_new(const DirectiveUse& use, const Zones& zones, std::string_view name) {
  if (!zones.contains(name)) return {};
  return use.error(concat(use.row.name, " \"", name, "\" is already defined"));
}

Result<void> add_request_zone(DirectiveUse& use) {
  NamedSize size;
  uint64_t rate = 1000;
  TRY_ASSIGN(ComplexValue key, use.block.builder().compile(use.node.place, use.arg(0)));
  for (size_t i = 1; i < use.count(); ++i) {
    const std::string_view arg = use.arg(i);
    if (arg.starts_with("zone=")) {
      TRY_ASSIGN(size, parse_zone(use, arg.substr(5), RequestZone::kMinBytes));
    } else if (arg.starts_with("rate=")) {
      const auto parsed = parse_rate(arg.substr(5));
      if (!parsed) return use.error(concat("invalid rate \"", arg, '"'));
      rate = *parsed;
    } else {
      return use.error(concat("invalid parameter \"", arg, '"'));
    }
  }
  if (size.name.empty()) return use.error("\"limit_req_zone\" must have \"zone\" parameter");
  auto& zones = use.module_as<LimitsModule>().request_zones;
  TRY(check_new(use, zones, size.name));
  TRY_ASSIGN(auto zone, shared_zone(use, size, RequestZone::kLayout));
  zones.emplace(size.name, std::make_unique<RequestZone>(size.name, std::move(key), rate, std::move(zone)));
  return {};
}

Result<void> add_connection_zone(DirectiveUse& use) {
  TRY_ASSIGN(ComplexValue key, use.block.builder().compile(use.node.place, use.arg(0)));
  if (!use.arg(1).starts_with("zone=")) return use.error(concat("invalid parameter \"", use.arg(1), '"'));
  TRY_ASSIGN(NamedSize size, parse_zone(use, use.arg(1).substr(5), ConnectionZone::kMinBytes));
  if (size.name.empty()) return use.error("\"limit_conn_zone\" must have \"zone\" parameter");
  auto& zones = use.module_as<LimitsModule>().connection_zones;
  TRY(check_new(use, zones, size.name));
  TRY_ASSIGN(auto zone, shared_zone(use, size, ConnectionZone::kLayout));
  zones.emplace(size.name, std::make_unique<ConnectionZone>(size.name, std::move(key), std::move(zone)));
  return {};
}

// --- limits

template <class List>
Result<void> check_once(const DirectiveUse& use, const List& list, std::string_view zone) {
  for (const auto& known : list) {
    if (known.zone == zone) return use.directive_error("is duplicate");
  }
  return {};
}

Result<uint64_t> thousands(const DirectiveUse& use, std::string_view arg, std::string_view what) {
  const auto number = parse_uint(arg.substr(arg.find('=') + 1));
  constexpr uint64_t kMost = 1'000'000'000;
  if (!number || *number == 0 || *number > kMost) return use.error(concat("invalid ", what, " value \"", arg, '"'));
  return *number * 1000;
}

Result<void> add_request_limit(DirectiveUse& use) {
  auto& limits = use.conf_as<LimitConf>().requests;
  RequestLimit limit;
  limit.place = use.node.place;
  for (const std::string& text : use.node.args) {
    const std::string_view arg = text;
    if (arg.starts_with("zone=")) {
      limit.zone = arg.substr(5);
    } else if (arg.starts_with("burst=")) {
      TRY_ASSIGN(limit.burst, thousands(use, arg, "burst"));
    } else if (arg.starts_with("delay=")) {
      TRY_ASSIGN(limit.delay_from, thousands(use, arg, "delay"));
    } else if (arg == "nodelay") {
      limit.delay_from = UINT64_MAX;
    } else {
      return use.error(concat("invalid parameter \"", arg, '"'));
    }
  }
  if (limit.zone.empty()) return use.error("\"limit_req\" must have \"zone\" parameter");
  TRY(check_once(use, limits, limit.zone));
  limits.push_back(std::move(limit));
  return {};
}

Result<void> add_connection_limit(DirectiveUse& use) {
  auto& limits = use.conf_as<LimitConf>().connections;
  ConnectionLimit limit;
  limit.zone = use.arg(0);
  limit.place = use.node.place;
  const auto most = parse_uint(use.arg(1));
  if (!most || *most == 0) return use.error(concat("invalid number of connections \"", use.arg(1), '"'));
  if (*most > 65535) return use.error("connection limit must be less 65536");
  limit.most = *most;
  TRY(check_once(use, limits, limit.zone));
  limits.push_back(std::move(limit));
  return {};
}

template <LimitBehaviour LimitConf::*Member>
Result<void> set_status(DirectiveUse& use) {
  TRY_ASSIGN(uint64_t code, rows::number_value(use));
  if (code < 400 || code > 599) return use.error("value must be between 400 and 599");
  (use.conf_as<LimitConf>().*Member).status = static_cast<int>(code);
  return {};
}

template <LimitBehaviour LimitConf::*Member>
Result<void> set_level(DirectiveUse& use) {
  LogLevel level;
  if (!log_level_from(use.arg(0), level) || level < LogLevel::error || level > LogLevel::info) return use.invalid_value(use.arg(0));
  (use.conf_as<LimitConf>().*Member).level = level;
  return {};
}

template <LimitBehaviour LimitConf::*Member>
Result<void> set_dry_run(DirectiveUse& use) {
  TRY_ASSIGN((use.conf_as<LimitConf>().*Member).dry_run, rows::flag_value(use));
  return {};
}

constexpr std::string_view kStatusHelp = "The status of refused requests.";
constexpr std::string_view kLevelHelp = "The level at which refusals are logged: info, notice, warn, error; delays one less severe.";
constexpr std::string_view kDryRunHelp = "Counts and logs, but neither delays nor refuses.";

constexpr Directive kRows[] = {
    {"limit_req_zone", kHttp, 2, 3, BlockShape::none, Repeat::any, add_request_zone, nullptr, "",
     "Shared memory that counts requests by a key: `limit_req_zone KEY zone=NAME:SIZE rate=10r/s`. Requests with an empty key are not "
     "counted. Where there is no room, the key that was used least lately is forgotten."},
    {"limit_req", kEverywhere, 1, 3, BlockShape::none, Repeat::list, add_request_limit,
     [](void* conf) { static_cast<LimitConf*>(conf)->requests.clear(); }, "",
     "Delays requests to the zone's rate, and refuses what exceeds it by more than `burst`: `limit_req zone=NAME [burst=N] [nodelay | "
     "delay=N]`. Of several, all must let a request pass."},
    {"limit_req_status", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_status<&LimitConf::request>, nullptr, "503", kStatusHelp},
    {"limit_req_log_level", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_level<&LimitConf::request>, nullptr, "error", kLevelHelp},
    {"limit_req_dry_run", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_dry_run<&LimitConf::request>, nullptr, "off", kDryRunHelp},
    {"limit_conn_zone", kHttp, 2, 2, BlockShape::none, Repeat::any, add_connection_zone, nullptr, "",
     "Shared memory that counts the requests in progress by a key: `limit_conn_zone KEY zone=NAME:SIZE`. What a worker that died had "
     "counted is taken away."},
    {"limit_conn", kEverywhere, 2, 2, BlockShape::none, Repeat::list, add_connection_limit,
     [](void* conf) { static_cast<LimitConf*>(conf)->connections.clear(); }, "",
     "Refuses requests when so many of the same key are in progress: `limit_conn ZONE NUMBER`. A zone without room refuses, too."},
    {"limit_conn_status", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_status<&LimitConf::connection>, nullptr, "503", kStatusHelp},
    {"limit_conn_log_level", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_level<&LimitConf::connection>, nullptr, "error", kLevelHelp},
    {"limit_conn_dry_run", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_dry_run<&LimitConf::connection>, nullptr, "off", kDryRunHelp},
};

// --- variables

VariableValue shown(LimitVerdict verdict) {
  switch (verdict) {
    case LimitVerdict::none: return {};
    case LimitVerdict::passed: return std::string_view("PASSED");
    case LimitVerdict::delayed: return std::string_view("DELAYED");
    case LimitVerdict::rejected: return std::string_view("REJECTED");
    case LimitVerdict::delayed_dry_run: return std::string_view("DELAYED_DRY_RUN");
    case LimitVerdict::rejected_dry_run: return std::string_view("REJECTED_DRY_RUN");
  }
  return {};
}

template <LimitVerdict LimitState::*Member>
VariableValue verdict(Exchange& exchange, const Variable&) {
  const auto* module = static_cast<const LimitsModule*>(exchange.generation().module("limits"));
  const LimitState* state = module->found_state(exchange);
  return state == nullptr ? VariableValue() : shown(state->*Member);
}

constexpr VariableRow kVariables[] = {
    {"limit_req_status", verdict<&LimitState::request>, nullptr, "What limit_req decided: PASSED, DELAYED, REJECTED, DELAYED_DRY_RUN or REJECTED_DRY_RUN."},
    {"limit_conn_status", verdict<&LimitState::connection>, nullptr, "What limit_conn decided: PASSED, REJECTED or REJECTED_DRY_RUN."},
};

Error no_zone(const ZoneUse& use) { return config_error(use.place, concat("zero size shared memory zone \"", use.zone, '"')); }

}  // namespace

void LimitsModule::declare(ModuleDeclarations& declarations) {
  declarations.location_conf<LimitConf>();
  exchange_slot_ = declarations.exchange_slot(this);
  declarations.directives(kRows);
  declarations.variables(kVariables);
}

// As in nginx, a request that is delayed or refused by limit_req is not counted by limit_conn.
Result<void> LimitsModule::finish_location(BlockScope& scope, const void* conf) {
  TRY(add_request_limits(scope, *static_cast<const LimitConf*>(conf)));
  return add_connection_limits(scope, *static_cast<const LimitConf*>(conf));
}

Result<void> LimitsModule::add_request_limits(BlockScope& scope, const LimitConf& conf) {
  std::vector<LimitReqHandler::Limit> limits;
  for (const RequestLimit& limit : conf.requests) {
    auto zone = request_zones.find(limit.zone);
    if (zone == request_zones.end()) return no_zone(limit);
    limits.push_back({zone->second.get(), limit.burst, limit.delay_from});
  }
  if (!limits.empty()) {
    scope.add_handler(Phase::preaccess, HandlerOrder::normal, std::make_shared<LimitReqHandler>(*this, std::move(limits), conf.request));
  }
  return {};
}

Result<void> LimitsModule::add_connection_limits(BlockScope& scope, const LimitConf& conf) {
  std::vector<LimitConnHandler::Limit> limits;
  for (const ConnectionLimit& limit : conf.connections) {
    auto zone = connection_zones.find(limit.zone);
    if (zone == connection_zones.end()) return no_zone(limit);
    limits.push_back({zone->second.get(), limit.most});
  }
  if (!limits.empty()) {
    scope.add_handler(Phase::preaccess, HandlerOrder::normal, std::make_shared<LimitConnHandler>(*this, std::move(limits), conf.connection));
  }
  return {};
}

Result<void> LimitsModule::start(ProcessContext& process, const Generation&) {
  for (auto& [name, zone] : connection_zones) zone->forget_the_dead();
  metrics_ = process.metrics;
  if (metrics_ == nullptr) return {};
  TRY_ASSIGN(refusals_, metrics_->counter("sluice_limit_hits_total{limit=\"limit_req_conn\"}", "How often a limit was hit."));
  return {};
}

LimitState& LimitsModule::state(Exchange& exchange) const {
  void*& slot = client_request(exchange).slot(exchange_slot_);
  if (slot == nullptr) slot = exchange.arena().make<LimitState>();
  return *static_cast<LimitState*>(slot);
}

}  // namespace sluice

SLUICE_MODULE(sluice::LimitsModule, "limits", "Requests limited in rate (limit_req) and in number (limit_conn).")
