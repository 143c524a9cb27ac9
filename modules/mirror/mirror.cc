// mirror: copies of requests as subrequests whose responses nobody looks at, as nginx's ngx_http_mirror_module.
#include <vector>

#include <sluice/server/subrequest.h>
#include <sluice/sluice.h>

namespace sluice {
namespace {

struct MirrorConf {
  std::vector<std::string> uris;  // one that is "off" stands alone
  bool request_body = true;
};

class MirrorHandler final : public PhaseHandler {
 public:
  explicit MirrorHandler(const MirrorConf& conf) : conf_(conf) {}

  Task<Outcome> run(Exchange& exchange) const override {
    if (exchange.parent() != nullptr) return Outcome::next();
    if (conf_.request_body && exchange.has_body() && !exchange.body_read()) return run_with_body(exchange);
    return start(exchange);
  }
  std::string_view name() const override { return "mirror"; }

 private:
  // Whoever makes the response gets the body from memory, too.
  Task<Outcome> run_with_body(Exchange& exchange) const {
    auto read = co_await exchange.read_body();
    if (!read) {
      exchange.set_error(read.error().kind, read.error().source, read.error().text);
      co_return Outcome::status(error_status(read.error()));
    }
    co_return start(exchange);
  }

  Outcome start(Exchange& exchange) const {
    SubrequestSpec spec;
    spec.method = SubrequestSpec::MethodOf::parent;
    if (conf_.request_body) spec.body = SubrequestSpec::Body::of_parent;
    for (const std::string& uri : conf_.uris) {
      spec.uri = uri;
      Subrequest subrequest = make_subrequest(exchange, spec);
      if (subrequest == nullptr) return Outcome::status(500);
      run_in_background(std::move(subrequest));
    }
    exchange.enter(name());
    return Outcome::next();
  }

  const MirrorConf conf_;
};

Result<void> add_mirror(DirectiveUse& use) {
  auto& uris = use.conf_as<MirrorConf>().uris;
  const std::string_view uri = use.arg(0);
  if (!use.first_in_block && (uri == "off" || (!uris.empty() && uris.back() == "off"))) return use.directive_error("is duplicate");
  if (uri != "off" && !uri.starts_with('/')) return use.invalid_value(uri);
  uris.emplace_back(uri);
  return {};
}

void drop_mirrors(void* conf) { static_cast<MirrorConf*>(conf)->uris.clear(); }

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

constexpr Directive kRows[] = {
    {"mirror", kEverywhere, 1, 1, BlockShape::none, Repeat::list, add_mirror, drop_mirrors, "off",
     "Sends a copy of each request to this URI, as a subrequest whose response is ignored; may stand several times. The client does not "
     "wait for it, the next request on its connection does."},
    rows::flag<&MirrorConf::request_body>("mirror_request_body", kEverywhere, "on",
                                          "Whether the copy has the body; then the whole body is read into memory first."),
};

class MirrorModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<MirrorConf>();
    declarations.directives(kRows);
  }

  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const MirrorConf*>(conf);
    if (values.uris.empty() || values.uris.front() == "off") return {};
    scope.add_handler(Phase::precontent, HandlerOrder::early, std::make_shared<MirrorHandler>(values));
    return {};
  }
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::MirrorModule, "mirror", "Copies of requests for somebody else to see.")
