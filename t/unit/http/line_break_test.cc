#include "http/line_break.h"

#include <catch2/catch.hpp>

#include <string>

namespace sluice {

TEST_CASE("a text breaks its line when any byte of it is CR, LF or NUL") {
  for (size_t size : {1u, 15u, 16u, 17u, 31u, 32u, 33u, 100u}) {
    std::string text(size, 'a');
    CHECK_FALSE(breaks_line(text));
    for (size_t i = 0; i < size; ++i) {
      for (char c : {'\r', '\n', '\0'}) {
        text[i] = c;
        CHECK(breaks_line(text));
      }
      text[i] = 'a';
    }
  }
}

TEST_CASE("other control bytes, bytes above 127 and no bytes at all don't break a line") {
  CHECK_FALSE(breaks_line(""));
  for (int c = 1; c < 256; ++c) {
    if (c == '\r' || c == '\n') continue;
    CHECK_FALSE(breaks_line(std::string(40, char(c))));
  }
}

}  // namespace sluice
