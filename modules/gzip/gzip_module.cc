// gzip: responses compressed for clients that accept it, and decompressed for those that do not: nginx's ngx_http_gzip_filter_module and
// ngx_http_gunzip_filter_module. This folder is where zlib is used.
#include "gzip_module.h"

#include <sluice/http/content_coding.h>
#include <sluice/server/content_encoding.h>
#include <sluice/server/type_rows.h>

#include "gzip_rules.h"

namespace sluice {

namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

Result<void> set_level(DirectiveUse& use) {
  TRY_ASSIGN(uint64_t level, rows::number_value(use));
  if (level < 1 || level > 9) return use.error("value must be between 1 and 9");
  use.conf_as<GzipConf>().level = static_cast<int>(level);
  return {};
}

Result<void> set_http_version(DirectiveUse& use) {
  HttpVersion& version = use.conf_as<GzipConf>().http_version;
  if (use.arg(0) == "1.0") version = HttpVersion::http10;
  else if (use.arg(0) == "1.1") version = HttpVersion::http11;
  else return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_proxied(DirectiveUse& use) {
  static constexpr std::pair<std::string_view, uint32_t> kNames[] = {
      {"off", kProxiedOff},       {"expired", kProxiedExpired},   {"no-cache", kProxiedNoCache},
      {"no-store", kProxiedNoStore}, {"private", kProxiedPrivate}, {"no_last_modified", kProxiedNoLastModified},
      {"no_etag", kProxiedNoEtag}, {"auth", kProxiedAuth},         {"any", kProxiedAny},
  };
  uint32_t all = 0;
  for (const std::string& arg : use.node.args) {
    uint32_t bit = 0;
    for (const auto& [name, value] : kNames) {
      if (iequals(arg, name)) bit = value;
    }
    if (bit == 0) return use.invalid_value(arg);
    if ((all & bit) != 0) use.block.builder().warn(use.node.place, concat("duplicate value \"", arg, '"'));
    all |= bit;
  }
  use.conf_as<GzipConf>().proxied = all;
  return {};
}

Result<void> add_disabled(DirectiveUse& use) {
  auto& conf = use.conf_as<GzipConf>();
  if (use.first_in_block) {
    conf.disable_old_explorer = false;
    conf.disabled_agents.clear();
  }
  for (const std::string& arg : use.node.args) {
    if (arg == "msie6") {
      conf.disable_old_explorer = true;
      continue;
    }
    auto regex = Regex::compile(arg, Regex::Case::ignored);
    if (!regex) return use.error(regex.error().text);
    conf.disabled_agents.push_back(std::make_shared<const Regex>(std::move(*regex)));
  }
  return {};
}

Result<void> accept_buffers(DirectiveUse& use) {
  const auto count = parse_uint(use.arg(0));
  const auto bytes = parse_size(use.arg(1));
  if (!count || *count == 0 || !bytes || *bytes == 0) return use.directive_error("invalid value");
  return {};
}

constexpr std::string_view kBuffersHelp = "Accepted; without effect: one buffer of 32k is used, and sent before it is filled again.";

constexpr Directive kRows[] = {
    rows::flag<&GzipConf::gzip>("gzip", kEverywhere | kLocationIf, "off",
                                "Compresses responses with status 200, 403 or 404 for clients that accept it. What is streamed is flushed piece by "
                                "piece. `Cache-Control: no-transform` is respected."),
    rows::media_types<&GzipConf::types>("gzip_types", kEverywhere, "Content types that gzip compresses, besides text/html; `*`: all."),
    rows::size<&GzipConf::min_length>("gzip_min_length", kEverywhere, "20", "Shorter responses are not compressed, if their length is known."),
    {"gzip_comp_level", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_level, nullptr, "1", "How hard to compress, 1 to 9."},
    rows::flag<&GzipConf::vary>("gzip_vary", kEverywhere, "off",
                                "Whether responses that depend on Accept-Encoding, by gzip, gunzip or gzip_static, say so in Vary."),
    {"gzip_proxied", kEverywhere, 1, -1, BlockShape::none, Repeat::once, set_proxied, nullptr, "off",
     "When to compress for requests that came through a proxy (with Via): `off`, `expired`, `no-cache`, `no-store`, `private`, "
     "`no_last_modified`, `no_etag`, `auth`, `any`."},
    {"gzip_http_version", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_http_version, nullptr, "1.1",
     "The lowest version of requests that get compressed responses: 1.0 or 1.1."},
    {"gzip_disable", kEverywhere, 1, -1, BlockShape::none, Repeat::any, add_disabled, nullptr, "",
     "Regular expressions for User-Agents that get no compressed responses; `msie6` means old Internet Explorers."},
    {"gzip_buffers", kEverywhere, 2, 2, BlockShape::none, Repeat::once, accept_buffers, nullptr, "32 4k", kBuffersHelp},
    rows::flag<&GzipConf::gunzip>("gunzip", kEverywhere, "off", "Decompresses responses with `Content-Encoding: gzip` for clients that do not accept it."),
    {"gunzip_buffers", kEverywhere, 2, 2, BlockShape::none, Repeat::once, accept_buffers, nullptr, "32 4k", kBuffersHelp},
    rows::size<&GzipConf::gunzip_max_size>("gunzip_max_size", kEverywhere, "1g",
                                           "Most bytes that gunzip makes of one response; then the connection is closed. 0: no limit."),
    rows::number<&GzipConf::gunzip_max_ratio>("gunzip_max_ratio", kEverywhere, "100",
                                              "How many times its compressed size a response may have, beyond its first megabyte. 0: no limit."),
};

// "2.13": how many times smaller the response became.
VariableValue gzip_ratio(Exchange& exchange, const Variable&) {
  const GzipState* state = GzipModule::of(exchange).found_state(exchange);
  if (state == nullptr || state->gzip_out == 0) return {};
  const uint64_t hundredths = (state->gzip_in * 1000 / state->gzip_out + 5) / 10;
  const std::string fraction = std::to_string(100 + hundredths % 100).substr(1);
  return exchange.arena().copy(concat(hundredths / 100, '.', fraction));
}

constexpr VariableRow kVariables[] = {
    {"gzip_ratio", gzip_ratio, nullptr, "How many times smaller gzip made the response."},
};

bool accepted(Exchange& exchange) { return may_be_gzip(GzipModule::of(exchange).conf(exchange), exchange); }

void vary(Exchange& exchange) {
  if (GzipModule::of(exchange).conf(exchange).vary) add_vary_encoding(exchange.response().headers);
}

constexpr ContentEncoding kEncoding{accepted, vary};

}  // namespace

const GzipModule& GzipModule::of(const Exchange& exchange) { return *static_cast<const GzipModule*>(exchange.generation().module("gzip")); }

GzipState& GzipModule::state(Exchange& exchange) const {
  void*& slot = exchange.slot(exchange_slot_);
  if (slot == nullptr) slot = exchange.arena().make<GzipState>(pool_);
  return *static_cast<GzipState*>(slot);
}

void GzipModule::declare(ModuleDeclarations& declarations) {
  conf_slot_ = declarations.location_conf<GzipConf>();
  exchange_slot_ = declarations.exchange_slot();
  declarations.directives(kRows);
  declarations.variables(kVariables);
  declarations.provide("content_encoding", "gzip", &kEncoding);
}

Result<void> GzipModule::finish_location(BlockScope& scope, const void* conf) {
  const auto& values = *static_cast<const GzipConf*>(conf);
  if (values.gzip) scope.add_body_filter(FilterOrder::encode, std::make_shared<GzipFilter>(*this, values));
  if (values.gunzip) scope.add_body_filter(FilterOrder::decode, std::make_shared<GunzipFilter>(*this, values));
  return {};
}

Result<void> GzipModule::start(ProcessContext& process, const Generation&) {
  metrics_ = process.metrics;
  if (metrics_ == nullptr) return {};
  TRY_ASSIGN(limit_hits_, metrics_->counter("sluice_limit_hits_total{limit=\"gunzip\"}", "How often a limit was hit."));
  return {};
}

}  // namespace sluice

SLUICE_MODULE_TRIGGERED(sluice::GzipModule, "gzip", "Responses compressed (gzip) and decompressed (gunzip).", "gzip_static")
