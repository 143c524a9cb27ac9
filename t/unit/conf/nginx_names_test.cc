#include "conf/nginx_names.h"

#include "../test.h"

using namespace sluice;

namespace {

constexpr std::string_view kList =
    "# A comment: with a colon, about_nothing\n"
    "\n"
    "core_module: worker env listen more\n"
    "! worker: is different\n"
    "- env more: two at once\n"
    "\n"
    "ssl_module: ssl ssl_certificate\n"
    "- ssl ssl_*: TLS is not there yet\n";

}  // namespace

TEST_CASE("a directive of nginx is told from any other word") {
  CHECK(why_missing("listen", kList) == "not there yet");
  CHECK(why_missing("worker", kList) == "not there yet");
  CHECK(why_missing("env", kList) == "two at once");
  CHECK(why_missing("more", kList) == "two at once");
  CHECK_FALSE(why_missing("about_nothing", kList).has_value());
  CHECK_FALSE(why_missing("core_module", kList).has_value());
  CHECK_FALSE(why_missing("is", kList).has_value());
  CHECK_FALSE(why_missing("once", kList).has_value());
  CHECK_FALSE(why_missing("", kList).has_value());
}

TEST_CASE("a family has one reason") {
  CHECK(why_missing("ssl", kList) == "TLS is not there yet");
  CHECK(why_missing("ssl_certificate", kList) == "TLS is not there yet");
  CHECK(why_missing("ssl_of_tomorrow", kList) == "TLS is not there yet");
}

TEST_CASE("the list of the reference page is there") {
  CHECK(why_missing("fastcgi_pass").has_value());
  CHECK_FALSE(why_missing("no_such_directive").has_value());
}
