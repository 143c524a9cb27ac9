// rewrite: `set` and `return`: scripts of a server or location, run in the order of the file. Semantics are those of nginx's
// ngx_http_rewrite_module; they are not inherited into nested locations.
#include <sluice/sluice.h>

#include <sluice/server/redirect.h>

namespace sluice {
namespace {

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

bool is_redirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

class ReturnHandler final : public PhaseHandler {
 public:
  ReturnHandler(int status, std::optional<ComplexValue> text) : status_(status), text_(std::move(text)) {}

  Task<Outcome> run(Exchange& exchange) const override {
    constexpr int kFirstError = 400;
    if (!text_ && status_ >= kFirstError) return Outcome::status(status_);
    std::string_view text = text_ ? text_->eval(exchange) : std::string_view();
    if (is_redirect(status_)) return redirect(exchange, text);
    return exchange.respond(status_, exchange.location().core.default_type, text);
  }
  std::string_view name() const override { return "return"; }

 private:
  Task<Outcome> redirect(Exchange& exchange, std::string_view target) const {
    if (!header_value_is_safe(target)) {
      exchange.log_at(LogLevel::error, "unsafe redirect target was refused");
      return Outcome::status(500);
    }
    if (!target.empty()) exchange.response().headers.set(HeaderId::location, absolute_location(exchange, target));
    return Outcome::status(status_);
  }

  int status_;
  std::optional<ComplexValue> text_;
};

Result<void> add_set(DirectiveUse& use) {
  std::string_view name = use.arg(0);
  if (!name.starts_with('$') || name.size() == 1) return use.error(concat("invalid variable name \"", name, '"'));
  TRY_ASSIGN(const Variable* variable, use.block.builder().define_variable(use.node.place, name.substr(1)));
  TRY_ASSIGN(ComplexValue value, use.block.builder().compile(use.node.place, use.arg(1)));
  use.block.add_script(std::make_unique<SetHandler>(*variable, std::move(value)));
  return {};
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

struct Written {
  int status = 302;
  std::optional<std::string_view> text;
};

Result<Written> parse_return(const DirectiveUse& use) {
  constexpr uint64_t kLastStatus = 999;
  auto status = parse_uint(use.arg(0));
  if (!status && use.count() == 1 && is_url(use.arg(0))) return Written{302, use.arg(0)};
  if (!status || *status > kLastStatus) return use.error(concat("invalid return code \"", use.arg(0), '"'));
  Written written{static_cast<int>(*status), std::nullopt};
  if (use.count() == 2) written.text = use.arg(1);
  return written;
}

Result<void> add_return(DirectiveUse& use) {
  TRY_ASSIGN(Written written, parse_return(use));
  std::optional<ComplexValue> text;
  if (written.text) {
    TRY_ASSIGN(text, use.block.builder().compile(use.node.place, *written.text));
  }
  use.block.add_script(std::make_unique<ReturnHandler>(written.status, std::move(text)));
  return {};
}

constexpr Directive kRows[] = {
    {"set", kServer | kLocation, 2, 2, BlockShape::none, Repeat::any, add_set, nullptr, "",
     "Gives a variable a value, which may contain variables: `set $name value`."},
    {"return", kServer | kLocation, 1, 2, BlockShape::none, Repeat::any, add_return, nullptr, "",
     "Ends the request: `return CODE [TEXT]`, `return CODE URL` for redirects, `return URL` (302). 444 closes the connection "
     "without a response."},
};

class RewriteModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override { declarations.directives(kRows); }
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::RewriteModule, "rewrite", "Scripts of a request: set and return.")
