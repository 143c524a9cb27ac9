// charset: the name of the character set in Content-Type, as nginx's ngx_http_charset_module; texts are never converted.
#include <memory>

#include <sluice/server/type_rows.h>
#include <sluice/sluice.h>

namespace sluice {
namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation | kLocationIf;

// The types that nginx names by default.
MediaTypes usual_types() {
  MediaTypes types;
  for (const char* type : {"text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml"}) types.add(type);
  return types;
}

struct CharsetConf {
  std::shared_ptr<const ComplexValue> name;  // null: off
  MediaTypes types = usual_types();
  bool overrides = false;
};

bool has_charset(std::string_view content_type) {
  constexpr std::string_view kName = "charset=";
  for (size_t at = content_type.find(';'); at != std::string_view::npos; at = content_type.find(';', at + 1)) {
    if (iequals(trim(content_type.substr(at + 1)).substr(0, kName.size()), kName)) return true;
  }
  return false;
}

class CharsetFilter final : public HeaderFilter {
 public:
  explicit CharsetFilter(CharsetConf conf) : conf_(std::move(conf)) {}

  Outcome filter(Exchange& exchange) const override {
    Headers& headers = exchange.response().headers;
    std::string_view type = headers.value(HeaderId::content_type);
    if (!conf_.types.matches(type) || headers.has(HeaderId::content_encoding)) return Outcome::next();
    if (has_charset(type)) {
      if (!conf_.overrides) return Outcome::next();
      type = trim(type.substr(0, type.find(';')));
    }
    const std::string_view name = conf_.name->eval(exchange);
    if (name.empty() || name == "off" || !header_value_is_safe(name)) return Outcome::next();
    headers.set(HeaderId::content_type, exchange.arena().concat(type, "; charset=", name));
    return Outcome::next();
  }
  std::string_view name() const override { return "charset"; }

 private:
  CharsetConf conf_;
};

Result<void> set_charset(DirectiveUse& use) {
  auto& name = use.conf_as<CharsetConf>().name;
  name = nullptr;
  if (use.arg(0) == "off") return {};
  TRY_ASSIGN(ComplexValue value, use.block.builder().compile(use.node.place, use.arg(0)));
  if (value.is_constant() && !header_value_is_safe(value.constant())) return use.invalid_value(use.arg(0));
  name = std::make_shared<const ComplexValue>(std::move(value));
  return {};
}

constexpr Directive kRows[] = {
    {"charset", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_charset, nullptr, "off",
     "Adds `; charset=NAME` to the Content-Type of responses that name none; `off`: adds nothing. The text itself is not converted: there "
     "is no `source_charset`."},
    rows::media_types<&CharsetConf::types>("charset_types", kHttp | kServer | kLocation,
                                           "The media types that get a charset, besides text/html; `*`: all. Default: text/html, text/xml, "
                                           "text/plain, text/vnd.wap.wml, application/javascript and application/rss+xml."),
    rows::flag<&CharsetConf::overrides>("override_charset", kEverywhere, "off", "Whether it takes the place of one that the upstream named."),
};

class CharsetModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<CharsetConf>();
    declarations.directives(kRows);
  }
  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const CharsetConf*>(conf);
    if (values.name != nullptr) scope.add_header_filter(FilterOrder::normal, std::make_shared<CharsetFilter>(values));
    return {};
  }
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::CharsetModule, "charset", "Names the character set in Content-Type.")
