// status: content handlers that show what sluice counts: `stub_status` in nginx's form, `metrics` in Prometheus' text format.

#include <sluice/sluice.h>

namespace {

using namespace sluice;

class StatusModule;

enum class Form : uint8_t { none, stub, prometheus };

struct StatusConf {
  Form form = Form::none;
  void enter_block() { form = Form::none; }
};

class StatusHandler final : public PhaseHandler {
 public:
  StatusHandler(const StatusModule& module, Form form) : module_(module), form_(form) {}
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return form_ == Form::stub ? "stub_status" : "metrics"; }

 private:
  const StatusModule& module_;
  Form form_;
};

template <Form form>
Result<void> choose(DirectiveUse& use) {
  use.conf_as<StatusConf>().form = form;
  use.block.claim_content(use.row.name);
  return {};
}

constexpr Directive kRows[] = {
    {"stub_status", kServer | kLocation, 0, 0, BlockShape::none, Repeat::once, &choose<Form::stub>, nullptr, "",
     "Answers with the numbers of connections and requests in nginx's form."},
    {"metrics", kServer | kLocation, 0, 0, BlockShape::none, Repeat::once, &choose<Form::prometheus>, nullptr, "",
     "Answers with all counters of all processes in Prometheus' text format."},
};

class StatusModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<StatusConf>();
    declarations.directives(kRows);
  }
  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const Form form = static_cast<const StatusConf*>(conf)->form;
    if (form != Form::none) scope.set_content(std::make_unique<StatusHandler>(*this, form));
    return {};
  }
  Result<void> start(ProcessContext& process, const Generation&) override {
    metrics_ = process.metrics;
    if (metrics_ == nullptr) return {};
    TRY_ASSIGN(accepted_, metrics_->counter("sluice_connections_accepted_total", "Client connections accepted."));
    TRY_ASSIGN(active_, metrics_->gauge("sluice_connections_active", "Client connections open now."));
    TRY_ASSIGN(requests_, metrics_->counter("sluice_requests_total", "Requests read."));
    TRY_ASSIGN(in_progress_, metrics_->gauge("sluice_requests_in_progress", "Requests being served now."));
    return {};
  }

  std::string text(Form form) const {
    if (metrics_ == nullptr) return {};
    if (form == Form::prometheus) return metrics_->render_prometheus();
    const int64_t active = metrics_->value(active_), busy = metrics_->value(in_progress_);
    return concat("Active connections: ", active, " \nserver accepts handled requests\n ", metrics_->value(accepted_), ' ',
                  metrics_->value(accepted_), ' ', metrics_->value(requests_), " \nReading: 0 Writing: ", busy, " Waiting: ",
                  active > busy ? active - busy : 0, " \n");
  }

 private:
  Metrics* metrics_ = nullptr;
  Counter accepted_, requests_;
  Gauge active_, in_progress_;
};

Task<Outcome> StatusHandler::run(Exchange& exchange) const {
  const std::string_view type = form_ == Form::prometheus ? "text/plain; version=0.0.4" : "text/plain";
  return exchange.respond(200, type, exchange.arena().copy(module_.text(form_)));
}

}  // namespace

SLUICE_MODULE(StatusModule, "status", "stub_status and metrics: what sluice counts.")
