// Fuzzes Set-Cookie: what is taken apart and joined again stays the same when that is done once more.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/check.h>

#include "upstream/set_cookie.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  Arena arena;
  auto cookie = SetCookie::parse({reinterpret_cast<const char*>(data), size});
  if (!cookie) return 0;
  CookieFlagChanges changes;
  CHECK(changes.take("secure") && changes.take("nohttponly") && changes.take("samesite=none"));
  cookie->change(changes);
  const std::string_view once = cookie->text(arena);
  auto again = SetCookie::parse(once);
  CHECK(again.has_value());
  again->change(changes);
  CHECK(again->text(arena) == once);
  return 0;
}
