// Fuzzes response heads: whatever is accepted has a status, a framing that its fields allow, and fields fit to be sent on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/base/check.h>

#include "http/byte_class.h"
#include "http/head_scanner.h"
#include "http/head_writer.h"
#include "http/response_parser.h"

namespace {

using namespace sluice;

// What the parser takes from a block in one go, a scanner with the same limits would have found, too.
void check_at_once(std::string_view input) {
  const size_t end = find_head_end(input);
  Arena arena;
  ResponseHead head(arena);
  const ResponseLimits limits;
  if (end == 0 || !parse_response_head(input.substr(0, end), limits, RequestKind::other, head).ok()) return;
  HeadScanner scanner(HeadScanner::Kind::response, {limits.total_bytes, limits.line_bytes, limits.total_bytes});
  const HeadScan scan = scanner.scan(input);
  CHECK(scan.state == HeadScan::State::found && scan.end == end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HeadScanner scanner(HeadScanner::Kind::response, {});
  const HeadScan scan = scanner.scan(input);
  check_at_once(input);
  const std::string_view block = scan.state == HeadScan::State::found ? input.substr(0, scan.end) : input;
  const RequestKind kind = size % 2 == 0 ? RequestKind::head : RequestKind::other;
  Arena arena;
  ResponseHead head(arena);
  if (!parse_response_head(block, {}, kind, head).ok()) return 0;

  CHECK(head.status >= 100 && head.status <= 999);
  CHECK(kind == RequestKind::other || head.framing == BodyFraming::none);
  CHECK(head.framing != BodyFraming::until_close || !head.keep_alive);
  HeadWriter writer(arena, 16);
  writer.write_status_line(head.version, head.status, head.reason);
  for (const Header& field : head.headers) CHECK(writer.write_field(field));
  writer.write_end();
  ResponseHead again(arena);
  ResponseLimits wide;
  wide.line_bytes = wide.total_bytes = 1u << 30;
  CHECK(parse_response_head(writer.view(), wide, kind, again).ok());
  CHECK(again.framing == head.framing && again.content_length == head.content_length);
  return 0;
}
