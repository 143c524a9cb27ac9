#include "conf/excerpt.h"

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;

TEST_CASE("a place is named as nginx names it") {
  std::string file = "/etc/sluice/proxy.conf", command_line = "command line";
  CHECK(place_suffix({&file, 12, 10, 3}) == " in /etc/sluice/proxy.conf:12");
  CHECK(place_suffix({&command_line, 1, 1, 1}) == " in command line");
  CHECK(place_suffix({}) == "");
}

TEST_CASE("a configuration error has its kind, its source and its place") {
  std::string file = "/a.conf";
  Error error = config_error({&file, 7, 7, 1}, "unexpected \"}\"");
  CHECK(error.kind == ErrorKind::config);
  CHECK(error.source == ErrorSource::config);
  CHECK(error.text == "unexpected \"}\" in /a.conf:7");
}

TEST_CASE("an excerpt is the line of the start with a caret below the column") {
  std::string text = "http {\n  root \"a\"b;\r\n\tlisten 80\n}\nd\xc3\xa4sh x;\nred\x1b[1m y;";
  CHECK(source_excerpt({nullptr, 9, 2, 11}, text) == "  2 |   root \"a\"b;\n    |           ^\n");
  CHECK(source_excerpt({nullptr, 3, 3, 2}, text) == "  3 | \tlisten 80\n    | \t^\n");
  CHECK(source_excerpt({nullptr, 4, 4, 2}, text) == "  4 | }\n    |  ^\n");
  CHECK(source_excerpt({nullptr, 5, 5, 7}, text) == "  5 | d\xc3\xa4sh x;\n    |      ^\n");
  CHECK(source_excerpt({nullptr, 6, 6, 9}, text) == "  6 | red?[1m y;\n    |         ^\n");
}

TEST_CASE("an excerpt of no place is empty and one beyond the text is an empty line") {
  CHECK(source_excerpt({}, "a;\n") == "");
  CHECK(source_excerpt({nullptr, 5, 5, 3}, "a;\n") == "  5 | \n    | ^\n");
}

TEST_CASE("an excerpt of a long line is a window around the caret") {
  std::string text = std::string(1000, 'a') + "X" + std::string(1000, 'b');
  CHECK(source_excerpt({nullptr, 1, 1, 1001}, text) == "  1 | " + std::string(80, 'a') + "X" +
                                                           std::string(79, 'b') + "\n    | " +
                                                           std::string(80, ' ') + "^\n");
  CHECK(source_excerpt({nullptr, 1, 1, 1}, text) == "  1 | " + std::string(160, 'a') + "\n    | ^\n");
}
