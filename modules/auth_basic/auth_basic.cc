// auth_basic: a name and a password (RFC 7617), compared with a file, as nginx's ngx_http_auth_basic_module.
#include <optional>

#include <sluice/http/basic_credentials.h>
#include <sluice/sluice.h>

#include "user_file.h"

namespace sluice {
namespace {

struct AuthBasicConf {
  std::optional<ComplexValue> realm;
  std::optional<ComplexValue> file;
};

class AuthBasicModule;

class AuthBasicHandler final : public PhaseHandler {
 public:
  AuthBasicHandler(const AuthBasicModule& module, const AuthBasicConf& conf) : module_(module), conf_(conf) {}
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "auth_basic"; }

 private:
  Outcome judge(Exchange& exchange, const BasicCredentials& credentials, std::string_view realm) const;
  static Outcome ask(Exchange& exchange, std::string_view realm);

  const AuthBasicModule& module_;
  const AuthBasicConf conf_;
};

class AuthBasicModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;

  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const AuthBasicConf*>(conf);
    if (!values.realm || (values.realm->is_constant() && values.realm->constant() == "off")) return {};
    scope.add_handler(Phase::access, HandlerOrder::normal, std::make_shared<AuthBasicHandler>(*this, values));
    return {};
  }

  Result<void> check(ConfigBuilder& builder) override {
    prefix_ = builder.conf_prefix();
    return {};
  }

  // full_path counts from the configuration's directory, as for all files that a configuration names.
  std::string_view full_path(Exchange& exchange, std::string_view path) const {
    return path.starts_with('/') ? path : exchange.arena().concat(prefix_, path);
  }
  UserFiles& files() const { return files_; }

 private:
  std::string prefix_;
  mutable UserFiles files_;  // of this process and generation
};

Task<Outcome> AuthBasicHandler::run(Exchange& exchange) const {
  const std::string_view realm = conf_.realm->eval(exchange);
  if (realm == "off") return Outcome::next();
  const auto credentials = basic_credentials(exchange.request().headers.value(HeaderId::authorization), exchange.arena());
  if (!credentials) {
    exchange.log_at(LogLevel::info, "no user/password was provided for basic authentication");
    return ask(exchange, realm);
  }
  if (!conf_.file) {
    exchange.log_at(LogLevel::error, "\"auth_basic\" without \"auth_basic_user_file\": nobody may pass");
    return Outcome::status(403);
  }
  return judge(exchange, *credentials, realm);
}

Outcome AuthBasicHandler::judge(Exchange& exchange, const BasicCredentials& credentials, std::string_view realm) const {
  using Verdict = UserFiles::Verdict;
  const std::string_view path = module_.full_path(exchange, conf_.file->eval(exchange));
  auto verdict = module_.files().check(path, credentials.user, credentials.password);
  if (!verdict) {
    const bool missing = verdict.error().kind == ErrorKind::not_found;
    exchange.log_at(missing ? LogLevel::error : LogLevel::crit, verdict.error().text);
    return Outcome::status(missing ? 403 : 500);
  }
  if (*verdict == Verdict::right) return Outcome::allowed();
  if (*verdict == Verdict::unknown_user) {
    exchange.log_at(LogLevel::error, "user \"", credentials.user, "\" was not found in \"", path, '"');
  } else {
    exchange.log_at(LogLevel::error, "user \"", credentials.user, "\": password mismatch");
  }
  return ask(exchange, realm);
}

Outcome AuthBasicHandler::ask(Exchange& exchange, std::string_view realm) {
  exchange.response().headers.set(HeaderId::www_authenticate, exchange.arena().concat("Basic realm=\"", realm, "\""));
  return Outcome::status(401);
}

template <auto Member>
Result<void> set_value(DirectiveUse& use) {
  TRY_ASSIGN(use.conf_as<AuthBasicConf>().*Member, use.block.builder().compile(use.node.place, use.arg(0)));
  return {};
}

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation | kLimitExcept;

constexpr Directive kRows[] = {
    {"auth_basic", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_value<&AuthBasicConf::realm>, nullptr, "off",
     "Asks clients for a name and a password, with this realm; `off`: not. May contain variables. Without auth_basic_user_file nobody "
     "may pass (nginx lets everybody)."},
    {"auth_basic_user_file", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_value<&AuthBasicConf::file>, nullptr, "",
     "The file of `name:password` lines; the worker reads it, again when it changes. Passwords are forms of crypt(3) (bcrypt, SHA-512), "
     "`$apr1$`, `{SHA}`, `{SSHA}` or `{PLAIN}`. Comparing blocks the worker as long as the form is expensive (bcrypt of cost 10: 50 ms); a "
     "right password is so expensive only once per worker, a wrong one each time: limit the rate of requests there. May contain variables."},
};

void AuthBasicModule::declare(ModuleDeclarations& declarations) {
  declarations.location_conf<AuthBasicConf>();
  declarations.directives(kRows);
}

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::AuthBasicModule, "auth_basic", "Names and passwords of a file (HTTP basic authentication).")
