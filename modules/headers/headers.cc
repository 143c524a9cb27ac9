// headers: fields that the operator adds to responses: `add_header`, `add_trailer` and `expires`, as nginx's ngx_http_headers_module.
#include <algorithm>
#include <memory>
#include <vector>

#include <sluice/sluice.h>

#include "expires.h"

namespace sluice {
namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation | kLocationIf;

struct Field {
  HeaderId id;
  std::string name;
  ComplexValue value;
  bool always = false;
};

enum class Inherit : uint8_t { on, off, merge };

// A list of fields as add_header_inherit has it: those of the blocks around, and those of this block.
struct FieldList {
  std::vector<Field> inherited;
  std::vector<Field> own;
  Inherit inherit = Inherit::on;

  std::vector<Field> effective() const {
    if (inherit == Inherit::merge) {
      std::vector<Field> all = inherited;
      all.insert(all.end(), own.begin(), own.end());
      return all;
    }
    return own.empty() && inherit == Inherit::on ? inherited : own;
  }
  void enter_block() {
    inherited = effective();
    own.clear();
  }
};

struct HeadersConf {
  FieldList headers;
  FieldList trailers;
  Expires expires;
  ComplexValue expires_value;  // with variables; else empty
  Expires::Kind expires_base = Expires::Kind::from_now;

  void enter_block() {
    headers.enter_block();
    trailers.enter_block();
  }
  void enter_branch() { enter_block(); }
};

// Statuses of which a field without `always` is part.
bool is_usual(int status) {
  constexpr int kUsual[] = {200, 201, 204, 206, 301, 302, 303, 304, 307, 308};
  return std::find(std::begin(kUsual), std::end(kUsual), status) != std::end(kUsual);
}

// Fields of which a response has one: a value given here takes the place of the one that is there; an empty one removes those
// that speak of the version of the content.
bool replaces(HeaderId id) {
  switch (id) {
    case HeaderId::last_modified:
    case HeaderId::etag:
    case HeaderId::content_type:
    case HeaderId::date:
    case HeaderId::server: return true;
    default: return false;
  }
}

class AddHeaders final : public HeaderFilter {
 public:
  explicit AddHeaders(const HeadersConf& conf)
      : fields_(conf.headers.effective()), expires_(conf.expires), expires_value_(conf.expires_value), expires_base_(conf.expires_base) {}
  bool empty() const { return fields_.empty() && expires_.kind == Expires::Kind::off && expires_value_.empty(); }

  Outcome filter(Exchange& exchange) const override {
    const bool usual = is_usual(exchange.response().status);
    // A value that cannot be sent makes another response, which is to have nothing of this one: look at all values first.
    auto* values = static_cast<std::string_view*>(exchange.arena().allocate(fields_.size() * sizeof(std::string_view), alignof(std::string_view)));
    for (size_t i = 0; i < fields_.size(); ++i) {
      new (&values[i]) std::string_view();
      if (!usual && !fields_[i].always) continue;
      values[i] = fields_[i].value.eval(exchange);
      if (!header_value_is_safe(values[i])) return refuse(exchange, fields_[i]);
    }
    if (usual) expires(exchange).apply(exchange);
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (usual || fields_[i].always) add(exchange.response().headers, fields_[i], values[i]);
    }
    return Outcome::next();
  }
  std::string_view name() const override { return "add_header"; }

 private:
  static Outcome refuse(Exchange& exchange, const Field& field) {
    exchange.log_at(LogLevel::error, "value of add_header \"", field.name, "\" holds CR, LF or NUL");
    exchange.set_error(ErrorKind::internal, ErrorSource::internal, "value of add_header holds CR, LF or NUL");
    return Outcome::status(500);
  }

  Expires expires(Exchange& exchange) const {
    if (expires_value_.empty()) return expires_;
    auto parsed = Expires::parse(expires_value_.eval(exchange), expires_base_);
    return parsed ? *parsed : Expires{};
  }

  static void add(Headers& headers, const Field& field, std::string_view value) {
    if (value.empty()) {
      if (field.id == HeaderId::last_modified || field.id == HeaderId::etag) headers.remove(field.id);
    } else if (replaces(field.id)) {
      headers.set(field.id, value);
    } else {
      headers.add(field.id, field.name, value);
    }
  }

  std::vector<Field> fields_;
  Expires expires_;
  ComplexValue expires_value_;
  Expires::Kind expires_base_;
};

// Trailers need chunks: a length, if there was one, goes.
class AddTrailers final : public BodyFilter {
 public:
  explicit AddTrailers(std::vector<Field> fields) : fields_(std::move(fields)) {}

  bool begin(Exchange& exchange) const override {
    const bool usual = is_usual(exchange.response().status);
    const bool any = std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) { return usual || field.always; });
    if (!any || exchange.request().version != HttpVersion::http11) return false;
    exchange.response().headers.remove(HeaderId::content_length);
    return true;
  }
  Result<void> filter(Exchange& exchange, BodyPiece& piece) const override {
    if (!piece.last) return {};
    const bool usual = is_usual(exchange.response().status);
    for (const Field& field : fields_) {
      if (!usual && !field.always) continue;
      const std::string_view value = field.value.eval(exchange);
      if (!value.empty()) exchange.response_trailers().add(field.name, value);
    }
    return {};
  }
  std::string_view name() const override { return "add_trailer"; }

 private:
  std::vector<Field> fields_;
};

// --- rows

bool is_own(HeaderId id) {
  return id == HeaderId::content_length || id == HeaderId::transfer_encoding || id == HeaderId::connection || id == HeaderId::keep_alive;
}

template <FieldList HeadersConf::*list>
Result<void> add_field(DirectiveUse& use) {
  Field field{header_id(use.arg(0)), std::string(use.arg(0)), {}, false};
  if (!header_name_is_valid(field.name)) return use.error(concat("invalid name \"", field.name, "\" in \"", use.row.name, "\" directive"));
  if (field.id == HeaderId::content_length && use.arg(1) == "0") {  // as in the answer to a preflight that many configurations have
    use.block.builder().warn(use.node.place, concat('"', use.row.name, " Content-Length 0\" has no effect: the length is known"));
    return {};
  }
  if (is_own(field.id)) return use.error(concat('"', use.row.name, "\" cannot set \"", field.name, "\": it follows from the response and its connection"));
  TRY_ASSIGN(field.value, use.block.builder().compile(use.node.place, use.arg(1)));
  if (field.value.is_constant() && !header_value_is_safe(field.value.constant())) return use.invalid_value(use.arg(1));
  if (use.count() == 3) {
    if (use.arg(2) != "always") return use.error(concat("invalid parameter \"", use.arg(2), '"'));
    field.always = true;
  }
  (use.conf_as<HeadersConf>().*list).own.push_back(std::move(field));
  return {};
}

template <FieldList HeadersConf::*list>
Result<void> set_inherit(DirectiveUse& use) {
  Inherit& inherit = (use.conf_as<HeadersConf>().*list).inherit;
  if (use.arg(0) == "on") inherit = Inherit::on;
  else if (use.arg(0) == "off") inherit = Inherit::off;
  else if (use.arg(0) == "merge") inherit = Inherit::merge;
  else return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_expires(DirectiveUse& use) {
  auto& conf = use.conf_as<HeadersConf>();
  conf.expires_base = Expires::Kind::from_now;
  if (use.count() == 2) {
    if (use.arg(0) != "modified") return use.directive_error("invalid value");
    conf.expires_base = Expires::Kind::from_change;
  }
  const std::string_view text = use.arg(use.count() - 1);
  TRY_ASSIGN(conf.expires_value, use.block.builder().compile(use.node.place, text));
  if (!conf.expires_value.is_constant()) return {};
  auto parsed = Expires::parse(text, conf.expires_base);
  if (!parsed) return use.directive_error(parsed.error().text);
  conf.expires = *parsed;
  conf.expires_value = {};
  return {};
}

constexpr Directive kRows[] = {
    {"add_header", kEverywhere, 2, 3, BlockShape::none, Repeat::any, &add_field<&HeadersConf::headers>, nullptr, "",
     "Adds a field to responses with status 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308, with `always` to all. An empty value is "
     "not sent. Content-Type, Date, Server, ETag and Last-Modified take the place of those that are there. A value with CR, LF or NUL: 500."},
    {"add_header_inherit", kEverywhere, 1, 1, BlockShape::none, Repeat::once, &set_inherit<&HeadersConf::headers>, nullptr, "on",
     "What a block has of the add_header of those around it: `on`: all, if it has none of its own; `off`: none; `merge`: all, and its own."},
    {"add_trailer", kEverywhere, 2, 3, BlockShape::none, Repeat::any, &add_field<&HeadersConf::trailers>, nullptr, "",
     "Adds a field behind the body, which is sent in chunks then; statuses as for add_header. HTTP/1.0 has none."},
    {"add_trailer_inherit", kEverywhere, 1, 1, BlockShape::none, Repeat::once, &set_inherit<&HeadersConf::trailers>, nullptr, "on",
     "The same for add_trailer."},
    {"expires", kEverywhere, 1, 2, BlockShape::none, Repeat::once, set_expires, nullptr, "off",
     "Sets Expires and Cache-Control: a time from now, `modified` TIME: from Last-Modified, `@15h30m`: a time of day, `epoch`, `max`, "
     "`off`. May contain variables; then what is no such value means `off`."},
};

class HeadersModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<HeadersConf>();
    declarations.directives(kRows);
  }
  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const HeadersConf*>(conf);
    auto headers = std::make_shared<AddHeaders>(values);
    if (!headers->empty()) scope.add_header_filter(FilterOrder::headers, std::move(headers));
    auto trailers = values.trailers.effective();
    if (!trailers.empty()) scope.add_body_filter(FilterOrder::headers, std::make_shared<AddTrailers>(std::move(trailers)));
    return {};
  }
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::HeadersModule, "headers", "Fields added to responses: add_header, add_trailer, expires.")
