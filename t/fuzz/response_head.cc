// Fuzzes response heads: whatever is accepted has a status, a framing that its fields allow, and fields fit to be sent on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/base/check.h>

#include "http/head_scanner.h"
#include "http/head_writer.h"
#include "http/response_parser.h"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HeadScanner scanner(HeadScanner::Kind::response, {});
  const HeadScan scan = scanner.scan(input);
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
