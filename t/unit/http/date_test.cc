#include <sluice/http/date.h>

#include <catch2/catch.hpp>

#include <string>

namespace sluice {

namespace {

std::string formatted(int64_t seconds) {
  char text[kHttpDateBytes];
  format_http_date(seconds, text);
  return {text, sizeof text};
}

}  // namespace

TEST_CASE("a date is written as RFC 9110 wants it, and read back") {
  CHECK(formatted(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(formatted(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(formatted(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
  for (int64_t seconds = 0; seconds < 253402300799; seconds += 86'399 * 997) {
    CHECK(parse_http_date(formatted(seconds)) == seconds);
  }
}

TEST_CASE("the three forms of a date mean the same second") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == 784111777);
  CHECK(parse_http_date("Thu Nov 18 11:27:35 2010") == 1290079655);
  CHECK(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT") == 951782400);
}

TEST_CASE("two digits of a year from 70 on are of the last century") {
  CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
  CHECK(parse_http_date("Wednesday, 01-Jan-69 00:00:00 GMT") == 3124224000);
}

TEST_CASE("the name of the day, the spaces behind it and what follows the time don't matter") {
  CHECK(parse_http_date("x,06 Nov 1994 08:49:37") == 784111777);
  CHECK(parse_http_date(",   06 Nov 1994 08:49:37 UTC") == 784111777);
  CHECK(parse_http_date("Mon Nov  6 08:49:37 1994 GMT, or so") == 784111777);
}

TEST_CASE("what is no date gives nothing") {
  for (const char* bad :
       {"", "x", ",", " ", "Sun, ", "soon, or later", "Thu, 18 Foo 2010 11:27:35 GMT", "Thu, 18 anF 2010 11:27:35 GMT", "Thu, 00 Nov 2010 11:27:35 GMT",
        "Thu, 31 Nov 2010 11:27:35 GMT", "Mon, 29 Feb 2010 00:00:00 GMT", "Mon, 29 Feb 1900 00:00:00 GMT", "Thu, 18 Nov 2010 24:00:00 GMT",
        "Thu, 18 Nov 2010 11:60:00 GMT", "Thu, 18 Nov 2010 11:59:60 GMT", "Thu, 18 Nov 2010", "Thu, 18 Nov 2010 11:27:3", "Thu, 1 Nov 2010 11:27:35 GMT",
        "Thu, 18-Nov 2010 11:27:35 GMT", "Thu, 18-Nov-2010 11:27:35 GMT", "Thu, -8 Nov 2010 11:27:35 GMT", "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37", "1290079655"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad));
  }
}

}  // namespace sluice
