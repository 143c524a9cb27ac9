// rewrite: the scripts of a server or location: set, if, rewrite, return and break, run in the order of the file. Semantics are those of
// nginx's ngx_http_rewrite_module; scripts are not inherited by nested locations.
#include <sluice/sluice.h>

#include "if_condition.h"
#include "return_script.h"
#include "rewrite_conf.h"
#include "rewrite_rule.h"

namespace sluice {

namespace {

constexpr uint32_t kScripts = kServer | kServerIf | kLocation | kLocationIf;

class RewriteModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;
  RewriteConfSlot conf_slot() const { return conf_slot_; }

 private:
  RewriteConfSlot conf_slot_;
};

class SetHandler final : public PhaseHandler {
 public:
  SetHandler(const Variable& variable, ComplexValue value) : variable_(variable), value_(std::move(value)) {}

  Task<Outcome> run(Exchange& exchange) const override {
    variable_.set(exchange, value_.eval(exchange));
    return Outcome::next();
  }
  std::string_view name() const override { return "set"; }

 private:
  const Variable& variable_;
  ComplexValue value_;
};

class BreakHandler final : public PhaseHandler {
 public:
  Task<Outcome> run(Exchange& exchange) const override {
    if (exchange.seeks_location()) exchange.keep_location();
    exchange.end_scripts();
    return Outcome::next();
  }
  std::string_view name() const override { return "break"; }
};

Result<void> add_set(DirectiveUse& use) {
  std::string_view name = use.arg(0);
  if (!name.starts_with('$') || name.size() == 1) return use.error(concat("invalid variable name \"", name, '"'));
  TRY_ASSIGN(const Variable* variable, use.block.builder().define_variable(use.node.place, name.substr(1)));
  TRY_ASSIGN(ComplexValue value, use.block.builder().compile(use.node.place, use.arg(1)));
  use.block.add_script(std::make_unique<SetHandler>(*variable, std::move(value)));
  return {};
}

Result<void> add_break(DirectiveUse& use) {
  use.block.add_script(std::make_unique<BreakHandler>());
  return {};
}

Result<void> add_if(DirectiveUse& use) {
  TRY_ASSIGN(std::unique_ptr<const Condition> condition, parse_condition(use, use.module_as<RewriteModule>().conf_slot()));
  return use.block.add_branch(use.node, std::move(condition));
}

Result<void> rewrite(DirectiveUse& use) { return add_rewrite(use, use.module_as<RewriteModule>().conf_slot()); }

constexpr Directive kRows[] = {
    {"set", kScripts, 2, 2, BlockShape::none, Repeat::any, add_set, nullptr, "",
     "Gives a variable a value, which may contain variables: `set $name value`."},
    {"return", kScripts, 1, 2, BlockShape::none, Repeat::any, add_return, nullptr, "",
     "Ends the request: `return CODE [TEXT]`, `return CODE URL` for redirects, `return URL` (302). 444 closes the connection "
     "without a response."},
    {"rewrite", kScripts, 2, 3, BlockShape::none, Repeat::any, rewrite, nullptr, "",
     "Replaces the path when a regular expression matches it: `rewrite REGEX REPLACEMENT [FLAG]`. Flags: `last` (no more scripts, look "
     "for the location again, ten times at most), `break` (no more scripts, stay in the location), `redirect` (302) and `permanent` "
     "(301); without one the scripts go on, then the location is looked for again. A replacement that begins with `http://`, `https://` or "
     "`$scheme` is a redirect. The request's arguments follow the new ones unless the replacement ends with `?`. Groups ($1) are "
     "encoded in arguments and redirects. A path without a slash at its beginning or with a `..` segment is refused."},
    {"break", kScripts, 0, 0, BlockShape::none, Repeat::any, add_break, nullptr, "",
     "Skips the scripts that are left; a URI that `rewrite` has changed stays with its location."},
    {"if", kServer | kLocation, 1, -1, BlockShape::block, Repeat::any, add_if, nullptr, "",
     "A block under a condition: `($variable)` (neither empty nor 0), `=`, `!=`, `~`, `~*`, `!~`, `!~*`, or `-f`, `-d`, `-e`, `-x` (with "
     "`!` before them: not) and a path. Its scripts run in their turn. In a location the other directives of the block hold from then on, "
     "and everything of the location that they do not replace, its handler and try_files included; when several conditions are true, "
     "the last block counts."},
    rows::flag<&RewriteConf::log>("rewrite_log", kHttp | kScripts, "off",
                                  "Whether the error log has a notice for every match of `rewrite` and `if`."),
};

void RewriteModule::declare(ModuleDeclarations& declarations) {
  conf_slot_ = RewriteConfSlot(declarations.location_conf<RewriteConf>());
  declarations.directives(kRows);
}

}  // namespace

}  // namespace sluice

SLUICE_MODULE(sluice::RewriteModule, "rewrite", "Scripts of a request: set, if, rewrite, return and break.")
