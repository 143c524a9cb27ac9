#include "server/log_escape.h"

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;

namespace {

std::string escaped(const std::string& text, LogEscape escape) {
  LogText out;
  append_escaped(out, text, escape);
  return std::string(out.view());
}

std::string hex(const char* prefix, unsigned byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return std::string(prefix) + kDigits[byte >> 4] + kDigits[byte & 15];
}

}  // namespace

TEST_CASE("in a log line what could end a quoted value is escaped, wherever it stands") {
  for (size_t size : {1u, 7u, 8u, 9u, 15u, 16u, 17u, 40u}) {
    for (unsigned c = 0; c < 256; ++c) {
      const bool plain = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
      for (size_t at : {size_t{0}, size / 2, size - 1}) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(c);
        const std::string one = plain ? std::string(1, static_cast<char>(c)) : hex("\\x", c);
        CHECK(escaped(text, LogEscape::standard) == std::string(at, 'a') + one + std::string(size - at - 1, 'a'));
        CHECK(escaped(text, LogEscape::none) == text);
      }
    }
  }
}

TEST_CASE("a JSON string is escaped as JSON asks, and what is not ASCII stays") {
  CHECK(escaped("a\"b\\c\n\r\t\b\f", LogEscape::json) == "a\\\"b\\\\c\\n\\r\\t\\b\\f");
  CHECK(escaped(std::string("\x01\x1f", 2), LogEscape::json) == "\\u0001\\u001F");
  CHECK(escaped("0123456789abcdef\xc3\xa4\x7f\"", LogEscape::json) == "0123456789abcdef\xc3\xa4\x7f\\\"");
}

TEST_CASE("a JSON string stays UTF-8 whatever bytes it is given") {
  for (const char* text : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf", "a\xc3\xa9\xe2\x82\xac!"}) {
    CHECK(escaped(text, LogEscape::json) == text);
  }
  CHECK(escaped("\x80", LogEscape::json) == "\\u0080");
  CHECK(escaped("a\xff", LogEscape::json) == "a\\u00FF");
  CHECK(escaped("\xc3", LogEscape::json) == "\\u00C3");
  CHECK(escaped("\xc3(", LogEscape::json) == "\\u00C3(");
  CHECK(escaped("\xc0\xaf", LogEscape::json) == "\\u00C0\\u00AF");
  CHECK(escaped("\xe0\x9f\xbf", LogEscape::json) == "\\u00E0\\u009F\\u00BF");
  CHECK(escaped("\xed\xa0\x80", LogEscape::json) == "\\u00ED\\u00A0\\u0080");
  CHECK(escaped("\xf0\x8f\xbf\xbf", LogEscape::json) == "\\u00F0\\u008F\\u00BF\\u00BF");
  CHECK(escaped("\xf4\x90\x80\x80", LogEscape::json) == "\\u00F4\\u0090\\u0080\\u0080");
  CHECK(escaped("\xe2\x82\"", LogEscape::json) == "\\u00E2\\u0082\\\"");
}
