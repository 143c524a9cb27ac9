#include "replacer.h"

#include <catch2/catch.hpp>

#include <random>

namespace sluice {

namespace {

struct Pair {
  std::string_view wanted;
  std::string_view replacement;
};

Replacer replacer_of(const std::vector<Pair>& pairs, bool once) {
  std::vector<Replacer::Text> texts;
  for (const Pair& pair : pairs) texts.push_back({pair.wanted, false});
  return Replacer(std::move(texts), once, [pairs](size_t i) { return pairs[i].replacement; });
}

// feed passes a text through in pieces of the given size.
std::string feed(const std::vector<Pair>& pairs, bool once, std::string_view text, size_t piece) {
  Replacer replacer = replacer_of(pairs, once);
  std::string out;
  for (size_t at = 0;; at += piece) {
    const bool last = at + piece >= text.size();
    const std::string copy(text.substr(std::min(at, text.size()), piece));  // gone after the step, as a piece of a body is
    auto step = replacer.step(copy, last);
    out += step.output;
    while (step.more) {
      step = replacer.step({}, last);
      out += step.output;
    }
    if (last) return out;
  }
}

}  // namespace

TEST_CASE("a text is replaced in any case, once or always") {
  CHECK(feed({{"foo", "bar"}}, true, "a FOO b foo", 100) == "a bar b foo");
  CHECK(feed({{"foo", "bar"}}, false, "a FOO b fOo", 100) == "a bar b bar");
  CHECK(feed({{"foo", ""}}, false, "foofoo", 100) == "");
  CHECK(feed({{"foo", "bar"}}, false, "", 100) == "");
  CHECK(feed({{"aab", "x"}}, false, "aaab", 1) == "ax");
}

TEST_CASE("of texts that begin at one place the first named is taken") {
  CHECK(feed({{"abcd", "1"}, {"ab", "2"}}, false, "abcd abce", 1) == "1 2ce");
  CHECK(feed({{"ab", "2"}, {"abcd", "1"}}, false, "abcd", 1) == "2cd");
  CHECK(feed({{"abcd", "1"}, {"bc", "2"}}, false, "abcx", 1) == "a2x");
}

TEST_CASE("each text is replaced once") { CHECK(feed({{"a", "1"}, {"b", "2"}}, true, "abab", 1) == "12ab"); }

TEST_CASE("nothing is kept that could not be the beginning of a text") {
  Replacer replacer = replacer_of({{"</body>", "x"}}, true);
  CHECK(replacer.step("data: 1\n\n", false).output == "data: 1\n\n");
  CHECK(replacer.step("a </bo", false).output == "a ");
  CHECK(replacer.step("", false).output == "");
  CHECK(replacer.step("ld>", false).output == "</bold>");
}

TEST_CASE("a step gives no more than its share, whatever the replacement") {
  const std::string large(10'000, 'y');
  Replacer replacer = replacer_of({{"x", large}}, false);
  size_t total = 0;
  auto step = replacer.step(std::string(1000, 'x'), true);
  for (;;) {
    CHECK(step.output.size() <= Replacer::kOutputBytes + large.size());
    total += step.output.size();
    if (!step.more) break;
    step = replacer.step({}, true);
  }
  CHECK(total == 1000 * large.size());
}

TEST_CASE("where the pieces end does not matter") {
  std::mt19937 random(1);
  const std::vector<Pair> pairs{{"aba", "<1>"}, {"abab", "<2>"}, {"bb", ""}, {"c", "ccc"}};
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (size_t i = random() % 40; i > 0; --i) text += "aAbBc"[random() % 5];
    const bool once = round % 2 == 0;
    const std::string whole = feed(pairs, once, text, 1000);
    for (size_t piece : {1u, 2u, 3u, 7u}) CHECK(feed(pairs, once, text, piece) == whole);
  }
}

}  // namespace sluice
