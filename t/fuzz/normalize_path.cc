// Fuzzes URI text: a normalised path has no dot segments left, and escaping is undone by unescaping.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/check.h>
#include <sluice/http/uri.h>

using namespace sluice;

namespace {

void check_normal(std::string_view path, MergeSlashes merge) {
  CHECK(!path.empty() && path.front() == '/');
  const std::string padded = std::string(path) + "/";
  CHECK(padded.find("/../") == std::string::npos && padded.find("/./") == std::string::npos);
  CHECK(merge == MergeSlashes::no || path.find("//") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Arena arena;
  for (MergeSlashes merge : {MergeSlashes::no, MergeSlashes::yes}) {
    auto path = normalize_path(input, merge, arena);
    if (path.ok()) check_normal(*path, merge);
  }
  for (EscapeKind kind : {EscapeKind::uri, EscapeKind::args, EscapeKind::component, EscapeKind::html, EscapeKind::memcached}) {
    CHECK(unescape_uri(escape_uri(input, kind, arena), Plus::keep, arena) == input);
  }
  (void)unescape_uri(input, Plus::as_space, arena);
  (void)query_arg(input, "a");
  Headers headers(arena);
  headers.add("Cookie", input);
  (void)cookie(headers, "a");
  return 0;
}
