// Fuzzes request heads: the scanner finds the same end in one piece and byte by byte, and what the parser accepts keeps its
// promises about views, host and framing; a head that is taken in one go is one that the scanner finds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/base/check.h>

#include "http/byte_class.h"
#include "http/head_scanner.h"
#include "http/request_parser.h"

namespace {

using namespace sluice;

HeadScan scan_in_steps(std::string_view input, size_t step) {
  HeadScanner scanner(HeadScanner::Kind::request, {});
  for (size_t size = 0;; size += step) {
    const HeadScan scan = scanner.scan(input.substr(0, size));
    if (scan.state != HeadScan::State::need_more || size >= input.size()) return scan;
  }
}

void check_accepted(std::string_view block, const RequestHead& head) {
  const auto inside = [&](std::string_view view) {
    return view.empty() || (view.data() >= block.data() && view.data() + view.size() <= block.data() + block.size());
  };
  CHECK(inside(head.line) && inside(head.target) && inside(head.query) && inside(head.authority));
  CHECK(!head.path.empty() && head.path.front() == '/');
  CHECK(head.host.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ@/ ") == std::string_view::npos);
  CHECK(head.headers.value(HeaderId::host) == head.authority);
  for (const Header& field : head.headers) {
    CHECK(header_name_is_valid(field.name()) && header_value_is_safe(field.value()));
    CHECK(field.id == header_id(field.name()));
  }
  const bool both = head.headers.has(HeaderId::content_length) && head.headers.has(HeaderId::transfer_encoding);
  CHECK(!both && head.content_length <= static_cast<uint64_t>(INT64_MAX));
}

// What the parser takes from a block in one go, the scanner would have found, too.
void check_at_once(std::string_view input, const HeadScan& scan, size_t skipped) {
  const size_t end = find_head_end(input);
  Arena arena;
  RequestHead head(arena);
  if (end == 0 || !parse_request_head(input.substr(0, end), {}, arena, head).ok()) return;
  CHECK(scan.state == HeadScan::State::found && skipped == 0 && scan.end == end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HeadScanner scanner(HeadScanner::Kind::request, {});
  const HeadScan scan = scanner.scan(input);
  const HeadScan slow = scan_in_steps(input, 1);
  CHECK(scan.state == slow.state && scan.end == slow.end);

  check_at_once(input, scan, scanner.skipped());

  const bool found = scan.state == HeadScan::State::found;
  const std::string_view block = found ? input.substr(scanner.skipped(), scan.end - scanner.skipped()) : input;
  Arena arena;
  RequestHead head(arena);
  const HeadResult result = parse_request_head(block, {}, arena, head);
  if (result.ok()) check_accepted(block, head);
  return 0;
}
