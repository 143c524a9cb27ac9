// auth_request: a subrequest says who may pass, as nginx's ngx_http_auth_request_module: 2xx lets the client pass, 401 and 403 refuse it.
#include <optional>
#include <vector>

#include <sluice/server/subrequest.h>
#include <sluice/sluice.h>

namespace sluice {
namespace {

struct SetLine {
  const Variable* variable;
  ComplexValue value;
};

struct AuthRequestConf {
  std::string uri;  // empty: off
  std::string args;
  std::vector<SetLine> sets;
};

class AuthRequestHandler final : public PhaseHandler {
 public:
  explicit AuthRequestHandler(const AuthRequestConf& conf) : conf_(conf) {}

  Task<Outcome> run(Exchange& exchange) const override {
    Subrequest subrequest = make_subrequest(exchange, {conf_.uri, conf_.args});
    if (subrequest == nullptr) return Outcome::status(500);
    return ask(exchange, std::move(subrequest));
  }
  std::string_view name() const override { return "auth_request"; }

 private:
  Task<Outcome> ask(Exchange& exchange, Subrequest subrequest) const {
    exchange.watch_client(true);
    co_await run_subrequest(*subrequest);
    exchange.watch_client(false);
    exchange.enter(name());
    // What the answer does not say becomes empty: it must not be what a client says.
    for (const SetLine& line : conf_.sets) line.variable->set(exchange, line.value.eval(*subrequest));
    co_return judge(exchange, *subrequest);
  }

  static Outcome judge(Exchange& exchange, Exchange& subrequest) {
    const int status = subrequest.response().status;
    if (status >= 200 && status < 300) return Outcome::allowed();
    if (status == 403) return Outcome::status(403);
    if (status == 401) {
      for (const Header& field : subrequest.response().headers) {
        if (!field.removed && field.id == HeaderId::www_authenticate) exchange.response().headers.add(field);
      }
      return Outcome::status(401);
    }
    exchange.log_at(LogLevel::error, "auth request unexpected status: ", std::to_string(status));
    exchange.set_error(ErrorKind::internal, ErrorSource::internal, "auth request unexpected status");
    return Outcome::status(500);
  }

  const AuthRequestConf conf_;
};

// A variable of auth_request_set before it is set: not there.
class NotSet final : public ComputedValue {
 public:
  VariableValue compute(Exchange&) const override { return {}; }
};

class AuthRequestModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;

  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const AuthRequestConf*>(conf);
    if (!values.uri.empty()) scope.add_handler(Phase::access, HandlerOrder::normal, std::make_shared<AuthRequestHandler>(values));
    return {};
  }

  const NotSet not_set;
};

Result<void> set_uri(DirectiveUse& use) {
  auto& conf = use.conf_as<AuthRequestConf>();
  const std::string_view text = use.arg(0);
  const size_t mark = text.find('?');
  conf.uri = text == "off" ? std::string_view() : text.substr(0, mark);
  conf.args = mark == text.npos ? std::string_view() : text.substr(mark + 1);
  if (text != "off" && !conf.uri.starts_with('/')) return use.invalid_value(text);
  return {};
}

Result<void> add_set(DirectiveUse& use) {
  ConfigBuilder& builder = use.block.builder();
  TRY(builder.define_computed(use.node.place, use.arg(0), use.module_as<AuthRequestModule>().not_set));
  SetLine line;
  TRY_ASSIGN(line.variable, builder.variable(use.node.place, use.arg(0).substr(1)));
  TRY_ASSIGN(line.value, builder.compile(use.node.place, use.arg(1)));
  use.conf_as<AuthRequestConf>().sets.push_back(std::move(line));
  return {};
}

void drop_sets(void* conf) { static_cast<AuthRequestConf*>(conf)->sets.clear(); }

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

constexpr Directive kRows[] = {
    {"auth_request", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_uri, nullptr, "off",
     "Asks a subrequest (GET, without the body) for this URI who may pass: 2xx lets the client pass, 401 (with its WWW-Authenticate) and "
     "403 refuse it, everything else is a 500. The URI may have arguments; nginx takes those for a part of the path."},
    {"auth_request_set", kEverywhere, 2, 2, BlockShape::none, Repeat::list, add_set, drop_sets, "",
     "Sets a variable once the auth_request is over; the value is that of the subrequest: `auth_request_set $user $upstream_http_x_user`. "
     "What the answer does not say is empty."},
};

void AuthRequestModule::declare(ModuleDeclarations& declarations) {
  declarations.location_conf<AuthRequestConf>();
  declarations.directives(kRows);
}

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::AuthRequestModule, "auth_request", "A subrequest says who may pass.")
