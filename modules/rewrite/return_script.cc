#include "return_script.h"

#include <memory>
#include <optional>

#include <sluice/sluice.h>

#include "redirect_answer.h"

namespace sluice {

namespace {

constexpr int kFirstError = 400;

bool is_redirect(int status) { return (status >= 301 && status <= 303) || status == 307 || status == 308; }

class ReturnHandler final : public PhaseHandler {
 public:
  ReturnHandler(int status, std::optional<ComplexValue> text) : status_(status), text_(std::move(text)) {}

  Task<Outcome> run(Exchange& exchange) const override {
    if (!text_ && status_ >= kFirstError) return Outcome::status(status_);
    std::string_view text = text_ ? text_->eval(exchange) : std::string_view();
    if (is_redirect(status_)) return redirect_answer(exchange, status_, text);
    return exchange.respond(status_, exchange.location().core.default_type, text);
  }
  std::string_view name() const override { return "return"; }

 private:
  int status_;
  std::optional<ComplexValue> text_;
};

struct Written {
  int status = 302;
  std::optional<std::string_view> text;
};

Result<Written> parse_return(const DirectiveUse& use) {
  constexpr uint64_t kFirstStatus = 200, kLastStatus = 999;  // less is no final response
  auto status = parse_uint(use.arg(0));
  if (!status && use.count() == 1 && is_url(use.arg(0))) return Written{302, use.arg(0)};
  if (!status || *status < kFirstStatus || *status > kLastStatus) return use.error(concat("invalid return code \"", use.arg(0), '"'));
  Written written{static_cast<int>(*status), std::nullopt};
  // An error with an empty text is an error without one: error_page applies.
  if (use.count() == 2 && !(use.arg(1).empty() && written.status >= kFirstError)) written.text = use.arg(1);
  return written;
}

}  // namespace

Result<void> add_return(DirectiveUse& use) {
  TRY_ASSIGN(Written written, parse_return(use));
  std::optional<ComplexValue> text;
  if (written.text) {
    TRY_ASSIGN(text, use.block.builder().compile(use.node.place, *written.text));
  }
  use.block.add_script(std::make_unique<ReturnHandler>(written.status, std::move(text)));
  return {};
}

}  // namespace sluice
