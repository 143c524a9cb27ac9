// Fuzzes the chunked coding: a message decodes to the same body, end and verdict in one piece and byte by byte.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/check.h>

#include "http/chunked.h"

namespace {

using namespace sluice;
using Event = ChunkedDecoder::Event;

struct Outcome {
  std::string body;
  size_t consumed = 0;
  size_t trailers = 0;
  int status = 0;
  bool done = false;
};

Outcome decode(std::string_view input, size_t step) {
  Arena arena;
  Headers trailers(arena);
  ChunkedDecoder decoder({}, arena, &trailers);
  Outcome out;
  for (size_t at = 0; at < input.size(); at += step) {
    std::string_view piece = input.substr(at, step);
    for (Event event = Event::data; event == Event::data;) {
      const ChunkedDecoder::Step now = decoder.next(piece);
      CHECK(now.consumed <= piece.size());
      CHECK((now.event == Event::data) == !now.data.empty());
      piece.remove_prefix(now.consumed);
      out.consumed += now.consumed;
      out.body += now.data;
      out.status = now.refusal.status;
      event = now.event;
    }
    out.done = decoder.done();
    if (out.done || out.status != 0) break;
  }
  out.trailers = trailers.size();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Outcome whole = decode(input, size == 0 ? 1 : size);
  const Outcome bytes = decode(input, 1);
  CHECK(whole.body == bytes.body && whole.consumed == bytes.consumed && whole.trailers == bytes.trailers);
  CHECK(whole.status == bytes.status && whole.done == bytes.done);
  CHECK(!whole.done || input.substr(0, whole.consumed).ends_with("\r\n\r\n"));
  return 0;
}
