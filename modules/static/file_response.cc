#include "file_response.h"

#include <sluice/base/hash.h>
#include <sluice/base/strings.h>

#include "byte_ranges.h"

namespace sluice {

namespace {

std::string_view content_range(Exchange& exchange, const ByteRange& range, uint64_t size) {
  return exchange.arena().copy(concat("bytes ", range.start, '-', range.end - 1, '/', size));
}

std::span<const BodyPart> one_part(Exchange& exchange, uint64_t start, uint64_t end) {
  auto* part = exchange.arena().make<BodyPart>(BodyPart{{}, start, end});
  return {part, 1};
}

// A multipart/byteranges body (RFC 9110 section 14.6): every range with a head of its own, then the closing line.
void plan_multipart(Exchange& exchange, const std::vector<ByteRange>& ranges, uint64_t size, FileResponse& plan) {
  constexpr size_t kBoundaryDigits = 20;
  uint64_t random = 0;
  random_bytes(&random, sizeof random);
  std::string boundary = concat(random);
  boundary.insert(0, kBoundaryDigits - boundary.size(), '0');

  auto& headers = exchange.response().headers;
  const std::string_view type = headers.value(HeaderId::content_type);
  const std::string type_line = type.empty() ? std::string() : concat("Content-Type: ", type, "\r\n");
  auto* parts = static_cast<BodyPart*>(exchange.arena().allocate((ranges.size() + 1) * sizeof(BodyPart), alignof(BodyPart)));
  for (size_t i = 0; i < ranges.size(); ++i) {
    const std::string head = concat("\r\n--", boundary, "\r\n", type_line, "Content-Range: bytes ", ranges[i].start, '-',
                                    ranges[i].end - 1, '/', size, "\r\n\r\n");
    new (&parts[i]) BodyPart{exchange.arena().copy(head), ranges[i].start, ranges[i].end};
  }
  new (&parts[ranges.size()]) BodyPart{exchange.arena().concat("\r\n--", boundary, "--\r\n"), 0, 0};
  plan.parts = {parts, ranges.size() + 1};
  for (const BodyPart& part : plan.parts) plan.length += part.text.size() + (part.end - part.start);
  headers.set(HeaderId::content_type, exchange.arena().concat("multipart/byteranges; boundary=", boundary));
}

void plan_whole(Exchange& exchange, uint64_t size, FileResponse& plan) {
  plan.length = size;
  if (size > 0) plan.parts = one_part(exchange, 0, size);
}

void plan_ranges(Exchange& exchange, const StaticConf& conf, const Validators& validators, uint64_t size, FileResponse& plan) {
  const Header* field = exchange.request().headers.find(HeaderId::range);
  auto& headers = exchange.response().headers;
  std::vector<ByteRange> ranges;
  auto verdict = RangeVerdict::ignore;
  exchange.response().status = plan.status;  // what filters go by
  if (field != nullptr && range_applies(exchange.request().headers, validators) && !exchange.body_is_rewritten(size)) {
    verdict = parse_ranges(field->value(), size, conf.max_ranges, ranges);
  }
  switch (verdict) {
    case RangeVerdict::unsatisfiable:
      plan.status = 416;
      headers.set(HeaderId::content_range, exchange.arena().copy(concat("bytes */", size)));
      return;
    case RangeVerdict::partial:
      plan.status = 206;
      if (ranges.size() > 1) return plan_multipart(exchange, ranges, size, plan);
      headers.set(HeaderId::content_range, content_range(exchange, ranges[0], size));
      plan.length = ranges[0].end - ranges[0].start;
      plan.parts = one_part(exchange, ranges[0].start, ranges[0].end);
      return;
    case RangeVerdict::ignore: break;
  }
  headers.set(HeaderId::accept_ranges, "bytes");
  plan_whole(exchange, size, plan);
}

void set_content_type(Exchange& exchange, const StaticConf& conf) {
  auto& headers = exchange.response().headers;
  if (headers.has(HeaderId::content_type)) return;
  std::string_view type = conf.types->find(exchange.uri());
  if (type.empty()) type = exchange.location().core.default_type;
  if (!type.empty()) headers.add(HeaderId::content_type, type);
}

}  // namespace

FileResponse plan_response(Exchange& exchange, const StaticConf& conf, const FileStamp& file, const FileTexts& texts) {
  FileResponse plan;
  auto& headers = exchange.response().headers;
  const Validators validators{conf.etag ? exchange.arena().copy(texts.etag) : std::string_view(), file.modified};
  headers.set(HeaderId::last_modified, exchange.arena().copy(texts.last_modified));
  if (conf.etag) headers.set(HeaderId::etag, validators.etag);
  // Conditions and ranges are about a 200; a page that error_page shows is none.
  const bool ordinary = exchange.forced_status() == 0;
  if (ordinary) {
    const Verdict verdict = check_conditions(exchange.request().headers, validators, conf.if_modified_since);
    if (verdict == Verdict::failed) plan.status = 412;
    if (verdict == Verdict::not_modified) plan.status = 304;
    if (verdict != Verdict::send) {
      headers.remove(HeaderId::content_encoding);
      return plan;
    }
  }
  set_content_type(exchange, conf);
  const bool packed = headers.has(HeaderId::content_encoding);
  if (ordinary && conf.max_ranges > 0 && !packed) plan_ranges(exchange, conf, validators, file.size, plan);
  else plan_whole(exchange, file.size, plan);
  return plan;
}

}  // namespace sluice
