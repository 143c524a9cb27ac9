// sub: texts replaced in responses: `sub_filter`, as nginx's ngx_http_sub_filter_module.
#include <memory>
#include <vector>

#include <sluice/http/content_coding.h>
#include <sluice/server/type_rows.h>
#include <sluice/sluice.h>

#include "replacer.h"

namespace sluice {
namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

struct Pair {
  ComplexValue wanted;
  ComplexValue replacement;
};

struct SubConf {
  std::shared_ptr<const std::vector<Pair>> pairs;
  MediaTypes types;
  bool once = true;
  bool last_modified = false;
};

class SubFilter final : public BodyFilter {
 public:
  SubFilter(uint32_t slot, const SubConf& conf) : slot_(slot), conf_(conf) {}

  // A coded body is not text, and in a part of a body nothing is replaced: the parts would not fit together.
  bool rewrites(const Exchange& exchange, uint64_t) const override {
    const ResponseHead& response = exchange.response();
    const int status = response.status;
    return status >= 200 && status != 204 && status != 206 && status != 304 && response.headers.value(HeaderId::content_encoding).empty() &&
           conf_.types.matches(response.headers.value(HeaderId::content_type));
  }

  bool begin(Exchange& exchange) const override {
    Headers& headers = exchange.response().headers;
    if (!rewrites(exchange, 0) || headers.value(HeaderId::content_length) == "0") return false;
    std::vector<Replacer::Text> texts;
    std::vector<const ComplexValue*> replacements;
    for (const Pair& pair : *conf_.pairs) {
      const std::string_view wanted = pair.wanted.eval(exchange);
      if (wanted.empty()) continue;
      texts.push_back({exchange.arena().copy(lower(wanted)), false});
      replacements.push_back(&pair.replacement);
    }
    if (texts.empty()) return false;
    const bool has_body = exchange.request().method != Method::head;  // HEAD has the fields that GET would have
    if (has_body) {
      exchange.slot(slot_) = exchange.arena().make<Replacer>(
          std::move(texts), conf_.once, [&exchange, replacements = std::move(replacements)](size_t i) { return replacements[i]->eval(exchange); });
    }
    content_recoded(headers, exchange.arena());
    if (!conf_.last_modified) {
      headers.remove(HeaderId::last_modified);
      headers.remove(HeaderId::etag);
    }
    return has_body;
  }

  Result<void> filter(Exchange& exchange, BodyPiece& piece) const override {
    const Replacer::Step step = static_cast<Replacer*>(exchange.slot(slot_))->step(piece.data, piece.last);
    piece.data = step.output;
    piece.more = step.more;
    return {};
  }
  std::string_view name() const override { return "sub_filter"; }

 private:
  uint32_t slot_;
  const SubConf& conf_;
};

Result<void> add_pair(DirectiveUse& use) {
  if (use.arg(0).empty()) return use.error("empty search pattern");
  auto& conf = use.conf_as<SubConf>();
  auto pairs = use.first_in_block || conf.pairs == nullptr ? std::make_shared<std::vector<Pair>>() : std::make_shared<std::vector<Pair>>(*conf.pairs);
  Pair pair;
  TRY_ASSIGN(pair.wanted, use.block.builder().compile(use.node.place, use.arg(0)));
  TRY_ASSIGN(pair.replacement, use.block.builder().compile(use.node.place, use.arg(1)));
  pairs->push_back(std::move(pair));
  conf.pairs = std::move(pairs);
  return {};
}

constexpr Directive kRows[] = {
    {"sub_filter", kEverywhere, 2, 2, BlockShape::none, Repeat::any, add_pair, nullptr, "",
     "Replaces a text, found in any case, in responses. Both may contain variables. Where several texts begin at the same place, the one "
     "named first is taken. Not in responses with a Content-Encoding, nor in parts (206)."},
    rows::media_types<&SubConf::types>("sub_filter_types", kEverywhere, "Content types in which sub_filter replaces, besides text/html; `*`: all."),
    rows::flag<&SubConf::once>("sub_filter_once", kEverywhere, "on", "Whether each text is replaced once, or wherever it is found."),
    rows::flag<&SubConf::last_modified>("sub_filter_last_modified", kEverywhere, "off",
                                        "Whether Last-Modified, and ETag as a weak one, stay in responses in which sub_filter replaces."),
};

class SubModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    declarations.location_conf<SubConf>();
    slot_ = declarations.exchange_slot();
    declarations.directives(kRows);
  }
  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& values = *static_cast<const SubConf*>(conf);
    if (values.pairs != nullptr) scope.add_body_filter(FilterOrder::change, std::make_shared<SubFilter>(slot_, values));
    return {};
  }

 private:
  uint32_t slot_ = 0;
};

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::SubModule, "sub", "Texts replaced in responses: sub_filter.")
