#include "gzip_filters.h"

#include <optional>

#include <sluice/base/strings.h>
#include <sluice/http/content_coding.h>

#include "gzip_module.h"
#include "gzip_rules.h"

namespace sluice {

namespace {

std::optional<uint64_t> length_of(const Exchange& exchange) {
  return parse_uint(exchange.response().headers.value(HeaderId::content_length));
}

bool is_gzip(const Exchange& exchange) {
  const std::string_view coding = exchange.response().headers.value(HeaderId::content_encoding);
  return iequals(coding, "gzip") || iequals(coding, "x-gzip");
}

Deflater::Flush flush_of(const BodyPiece& piece) {
  if (piece.last) return Deflater::Flush::finish;
  return piece.flush ? Deflater::Flush::sync : Deflater::Flush::none;
}

}  // namespace

GzipState::~GzipState() {
  if (deflater != nullptr) pool.give_back(std::move(deflater));
}

bool GzipFilter::rewrites(const Exchange& exchange, uint64_t length) const {
  return is_compressible(conf_, exchange, length) && may_be_gzip(conf_, exchange);
}

bool GzipFilter::begin(Exchange& exchange) const {
  const std::optional<uint64_t> length = length_of(exchange);
  if (!is_compressible(conf_, exchange, length)) return false;
  Headers& headers = exchange.response().headers;
  if (conf_.vary) add_vary_encoding(headers);
  if (!may_be_gzip(conf_, exchange)) return false;
  const bool has_body = exchange.request().method != Method::head;  // HEAD has the fields that GET would have
  if (has_body) {
    GzipState& state = module_.state(exchange);
    state.deflater = module_.pool().take(conf_.level, length);
    if (state.deflater == nullptr) {
      exchange.log_at(LogLevel::alert, "deflateInit2() failed");
      return false;
    }
  }
  headers.set(HeaderId::content_encoding, "gzip");
  content_recoded(headers, exchange.arena());
  return has_body;
}

Result<void> GzipFilter::filter(Exchange& exchange, BodyPiece& piece) const {
  GzipState& state = module_.state(exchange);
  state.gzip_in += piece.data.size();
  const ZlibStep step = state.deflater->step(piece.data, flush_of(piece));
  if (step.failed) return Error(ErrorKind::internal, "deflate() failed");
  state.gzip_out += step.output.size();
  piece.data = step.output;
  piece.more = step.more;
  return {};
}

// A part of a compressed body cannot be decompressed, and an answer without a body has nothing to decompress.
bool GunzipFilter::wanted(const Exchange& exchange) const {
  const int status = exchange.response().status;
  return is_gzip(exchange) && status >= 200 && status != 204 && status != 206 && status != 304 && !transform_forbidden(exchange);
}

bool GunzipFilter::rewrites(const Exchange& exchange, uint64_t) const { return wanted(exchange) && !may_be_gzip(conf_, exchange); }

bool GunzipFilter::begin(Exchange& exchange) const {
  if (!wanted(exchange)) return false;
  Headers& headers = exchange.response().headers;
  if (conf_.vary) add_vary_encoding(headers);
  if (may_be_gzip(conf_, exchange)) return false;
  const bool has_body = exchange.request().method != Method::head;
  if (has_body) {
    GzipState& state = module_.state(exchange);
    state.inflater = Inflater::make();
    if (state.inflater == nullptr) {
      exchange.log_at(LogLevel::alert, "inflateInit2() failed");
      return false;
    }
  }
  headers.remove(HeaderId::content_encoding);
  content_recoded(headers, exchange.arena());
  return has_body;
}

Result<void> GunzipFilter::filter(Exchange& exchange, BodyPiece& piece) const {
  GzipState& state = module_.state(exchange);
  state.gunzip_in += piece.data.size();
  const ZlibStep step = state.inflater->step(piece.data);
  if (step.failed) {
    exchange.log_at(LogLevel::error, "inflate() failed: the response is not what its Content-Encoding says");
    return Error(ErrorKind::bad_message, "invalid gzip data");
  }
  state.gunzip_out += step.output.size();
  TRY(check_limits(exchange, state));
  if (piece.last && !step.more && !state.inflater->complete()) {
    exchange.log_at(LogLevel::error, "inflate() misses the end of the response's gzip data");
    return Error(ErrorKind::bad_message, "gzip data cut off");
  }
  piece.data = step.output;
  piece.more = step.more;
  return {};
}

// The first megabyte is free: small bodies may be as dense as they like.
Result<void> GunzipFilter::check_limits(Exchange& exchange, const GzipState& state) const {
  constexpr uint64_t kFree = 1024 * 1024;
  const bool too_big = conf_.gunzip_max_size != 0 && state.gunzip_out > conf_.gunzip_max_size;
  const bool too_dense = conf_.gunzip_max_ratio != 0 && state.gunzip_out > kFree && state.gunzip_out / conf_.gunzip_max_ratio > state.gunzip_in;
  if (!too_big && !too_dense) return {};
  module_.count_limit();
  exchange.log_at(LogLevel::error, "gunzip: the response has ", state.gunzip_out, " bytes after ", state.gunzip_in, " compressed ones, over ",
                  too_big ? "gunzip_max_size" : "gunzip_max_ratio");
  return Error(ErrorKind::too_large, "decompressed response too large");
}

}  // namespace sluice
