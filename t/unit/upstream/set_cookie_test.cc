#include "upstream/set_cookie.h"

#undef CHECK
#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

std::string changed(std::string_view text, std::initializer_list<std::string_view> flags) {
  Arena arena;
  CookieFlagChanges changes;
  for (std::string_view flag : flags) REQUIRE(changes.take(flag));
  auto cookie = SetCookie::parse(text);
  REQUIRE(cookie);
  cookie->change(changes);
  return std::string(cookie->text(arena));
}

}  // namespace

TEST_CASE("a cookie keeps what nobody changes, with tidy blanks") {
  CHECK(changed("a=b", {}) == "a=b");
  CHECK(changed(" a = b ;Path=/;  HttpOnly;x=", {}) == "a=b; Path=/; HttpOnly; x=");
  CHECK(changed("a=b=c; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {}) == "a=b=c; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK_FALSE(SetCookie::parse("").has_value());  // no cookie
}

TEST_CASE("flags of a cookie are added, replaced and taken away") {
  CHECK(changed("a=b", {"secure", "httponly", "samesite=lax"}) == "a=b; Secure; HttpOnly; SameSite=Lax");
  CHECK(changed("a=b; secure; SameSite=Lax", {"Secure", "SAMESITE=Strict"}) == "a=b; secure; SameSite=Strict");
  CHECK(changed("a=b; secure; Path=/; SECURE; samesite", {"nosecure", "nosamesite"}) == "a=b; Path=/");
  CHECK(changed("secure=1", {"nosecure"}) == "secure=1");
  CookieFlagChanges changes;
  CHECK(!changes.take("sameparty"));
  CHECK(!changes.take(""));
}

TEST_CASE("a cookie with too many attributes is left alone") {
  std::string text = "a=b";
  for (size_t i = 1; i < SetCookie::kMaxAttributes; ++i) text += "; x";
  CHECK(SetCookie::parse(text));
  CHECK(changed(text, {"secure"}) == text);
  CHECK(!SetCookie::parse(text + "; x"));
}
