// Fuzzes Accept-Encoding and lists of tokens: an element more that accepts gzip makes the request accept it, and a weight of zero refuses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/check.h>
#include <sluice/http/content_coding.h>
#include <sluice/http/media_types.h>

using namespace sluice;

namespace {

bool accepts(std::string_view first, std::string_view second) {
  Arena arena;
  Headers headers(arena);
  headers.add(HeaderId::accept_encoding, first);
  headers.add(HeaderId::accept_encoding, second);
  return accepts_gzip(headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  CHECK(accepts(input, "gzip"));
  CHECK(!accepts(input, "gzip;q=0"));
  Arena arena;
  Headers headers(arena);
  headers.add(HeaderId::cache_control, input);
  headers.add(HeaderId::cache_control, "no-transform");
  CHECK(lists_token(headers, HeaderId::cache_control, "no-transform"));
  headers.add(HeaderId::etag, input);
  content_recoded(headers, arena);
  const std::string_view etag = headers.value(HeaderId::etag);
  CHECK(etag.empty() || etag.starts_with("W/"));
  MediaTypes types;
  types.add("a/b");
  (void)types.matches(input);
  return 0;
}
