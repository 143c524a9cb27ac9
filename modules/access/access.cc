// access: allow and deny, by the client's address, as nginx's ngx_http_access_module.
#include <sluice/sluice.h>

#include "access_rules.h"

namespace sluice {
namespace {

using Verdict = AccessRules::Verdict;

struct AccessConf {
  std::shared_ptr<AccessRules> rules;  // inherited only as a whole: the first line of a block starts an empty list
  bool own = false;

  void enter_block() { own = false; }
  void enter_branch() { own = false; }
};

class AccessHandler final : public PhaseHandler {
 public:
  explicit AccessHandler(std::shared_ptr<const AccessRules> rules) : rules_(std::move(rules)) {}

  Task<Outcome> run(Exchange& exchange) const override {
    switch (rules_->verdict_on(exchange.client_address())) {
      case Verdict::none: return Outcome::next();
      case Verdict::allow: return Outcome::allowed();
      case Verdict::deny: break;
    }
    // With `satisfy any` this is not the last word; the phase's end logs it.
    if (!exchange.location().core.satisfy_any) exchange.log_at(LogLevel::error, "access forbidden by rule");
    return Outcome::status(403);
  }
  std::string_view name() const override { return "access"; }

 private:
  std::shared_ptr<const AccessRules> rules_;
};

Result<void> add_rule(DirectiveUse& use) {
  auto& conf = use.conf_as<AccessConf>();
  if (!conf.own) {
    conf.rules = std::make_shared<AccessRules>();
    conf.own = true;
  }
  const Verdict verdict = use.row.name == "allow" ? Verdict::allow : Verdict::deny;
  const std::string_view who = use.arg(0);
  if (who == "all") {
    conf.rules->add_all(verdict);
    return {};
  }
  if (who == "unix:") {
    conf.rules->add_unix(verdict);
    return {};
  }
  const auto block = IpBlock::parse_cidr(who);
  if (!block) return use.error(concat("invalid parameter \"", who, '"'));
  if (block->low_bits_set) use.block.builder().warn(use.node.place, concat("low address bits of ", who, " are meaningless"));
  conf.rules->add(verdict, *block);
  return {};
}

constexpr Directive rule(std::string_view name, std::string_view help) {
  return {name, kHttp | kServer | kLocation | kLimitExcept, 1, 1, BlockShape::none, Repeat::any, add_rule, nullptr, "", help};
}

constexpr Directive kRows[] = {
    rule("allow", "Lets clients pass: an address, a block (`10.0.0.0/8`, `2001:db8::/32`), `unix:` or `all`. The first line of allow and "
                  "deny that fits decides; a block with such lines inherits none."),
    rule("deny", "Refuses clients with 403: an address, a block, `unix:` or `all`."),
};

class AccessModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<AccessConf>();
    declarations.directives(kRows);
  }

  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& rules = static_cast<const AccessConf*>(conf)->rules;
    if (rules == nullptr) return {};
    rules->seal();
    scope.add_handler(Phase::access, HandlerOrder::normal, std::make_shared<AccessHandler>(rules));
    return {};
  }
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::AccessModule, "access", "allow and deny: who may pass, by address.")
