#include "http/byte_class.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace sluice;

namespace {

// What Window must say, the slow way.
template <class Test>
const char* slowly(const std::string& text, size_t from, Test test) {
  return text.data() + (std::find_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), test) - text.begin());
}

}  // namespace

TEST_CASE("a window finds every byte of every class, wherever it begins") {
  for (size_t size : {1u, 15u, 16u, 17u, 31u, 40u}) {
    for (unsigned c = 0; c < 256; ++c) {
      std::string text(size, 'a');
      for (size_t at : {size_t{0}, size / 2, size - 1}) {
        text.assign(size, 'a');
        text[at] = static_cast<char>(c);
        const Window window(text);
        for (size_t from = 0; from <= size; ++from) {
          const char* p = text.data() + from;
          CHECK(window.find_control(p) == slowly(text, from, [](char b) { return !byte_is(b, kValue); }));
          CHECK(window.find_not_path(p) == slowly(text, from, [](char b) { return !byte_is(b, kPath); }));
          CHECK(window.find_not_query(p) == slowly(text, from, [](char b) { return !byte_is(b, kQuery); }));
          CHECK(window.find_byte(p, static_cast<char>(c)) == slowly(text, from, [c](char b) { return b == static_cast<char>(c); }));
        }
      }
    }
  }
}

TEST_CASE("the end of a head is behind its first empty line") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t body = 0; body < 40; ++body) CHECK(find_head_end(head + std::string(body, '\n')) == head.size());
  for (size_t size = 0; size < head.size(); ++size) CHECK(find_head_end(std::string_view(head).substr(0, size)) == 0);
  for (size_t fill = 0; fill < 70; ++fill) {
    const std::string longer = "GET /" + std::string(fill, 'x') + " HTTP/1.1\r\n\r\n";
    CHECK(find_head_end(longer) == longer.size());
    CHECK(find_head_end(longer + longer) == longer.size());
  }
  CHECK(find_head_end("HTTP/1.1 200\n\n\n\n\n\n\n\n\n\n\n\n\n") == 0);
}
