#include "conf/lexer.h"

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;
using namespace std::string_literals;

namespace {

// Tokens in one line: words as <text> or, when they were quoted, as "text"; ; { } as themselves; !x
// unexpected, ? unterminated, $ the end.
std::string tokens_of(std::string_view text) {
  Lexer lexer(text);
  std::string out;
  for (;;) {
    Token token = lexer.next();
    switch (token.kind) {
      case Token::Kind::word:
        out += token.quoted ? "\"" + token.text + "\"" : "<" + token.text + ">";
        continue;
      case Token::Kind::semicolon:
        out += ";";
        continue;
      case Token::Kind::block_start:
        out += "{";
        continue;
      case Token::Kind::block_end:
        out += "}";
        continue;
      case Token::Kind::unexpected:
        return out + "!" + token.text;
      case Token::Kind::unterminated:
        return out + "?";
      case Token::Kind::end:
        return out + "$";
    }
  }
}

struct Case {
  std::string text;
  std::string tokens;
};

void check_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(tokens_of(c.text) == c.tokens);
  }
}

}  // namespace

TEST_CASE("white space separates words and punctuation stands alone") {
  check_all({
      {"", "$"},
      {" \t\r\n", "$"},
      {"a b;", "<a><b>;$"},
      {"a\tb\r\nc ;", "<a><b><c>;$"},
      {"a{b;}", "<a>{<b>;}$"},
      {"a;b;", "<a>;<b>;$"},
      {"listen 80", "<listen><80>$"},
      {"\v;", "<\v>;$"},
      {"a\0b;"s, "<a\0b>;$"s},
      {"größe ü;", "<größe><ü>;$"},
  });
}

TEST_CASE("a comment starts only where a word could start") {
  check_all({
      {"# all of it ; { }", "$"},
      {"a; # rest\nb;", "<a>;<b>;$"},
      {"a#b;", "<a#b>;$"},
      {"a #b;\nc;", "<a><c>;$"},
      {"a;#b\n}", "<a>;}$"},
      {"{#\"\n}", "{}$"},
      {"#a\r\nb", "<b>$"},
      {"a # \"quote\\\n b;", "<a><b>;$"},
  });
}

TEST_CASE("in a bare word quotes, closing braces and variables in braces are literal") {
  check_all({
      {"a}b;", "<a}b>;$"},
      {"a\"b\"c;", "<a\"b\"c>;$"},
      {"it's;", "<it's>;$"},
      {"${x};", "<${x}>;$"},
      {"a${x}b{", "<a${x}b>{$"},
      {"${{x;", "<${{x>;$"},
      {"$x{", "<$x>{$"},
      {"a$;", "<a$>;$"},
      {"$ {", "<$>{$"},
      {"$\"{", "<$\">{$"},
      {"^/(a|b)$ {", "<^/(a|b)$>{$"},
  });
}

TEST_CASE("a backslash protects the next character and only six escapes are replaced") {
  check_all({
      {R"(a\;b;)", R"(<a\;b>;$)"},
      {R"(a\{b\}c;)", R"(<a\{b\}c>;$)"},
      {R"(a\ b;)", R"(<a\ b>;$)"},
      {R"(\#a;)", R"(<\#a>;$)"},
      {R"($\{b;)", R"(<$\{b>;$)"},
      {R"(\"a\";)", R"(<"a">;$)"},
      {R"(\';)", R"(<'>;$)"},
      {R"(\.php$;)", R"(<\.php$>;$)"},
      {R"(\\.php;)", R"(<\.php>;$)"},
      {R"(\d+\w;)", R"(<\d+\w>;$)"},
      {R"(a\\;)", R"(<a\>;$)"},
      {R"(\t\r\n;)", "<\t\r\n>;$"},
      {R"("\t\"\\\x\'";)", "\"\t\"\\\\x'\";$"},
      {R"('a\'b';)", R"("a'b";$)"},
      {"a\\\nb;", "<a\\\nb>;$"},
      {"a\\", "<a\\>$"},
  });
}

TEST_CASE("in quotes everything is literal and white space or an end must follow") {
  check_all({
      {R"("a b";)", R"("a b";$)"},
      {R"('a "b" c';)", R"("a "b" c";$)"},
      {R"("a;{}#$x ${y}";)", R"("a;{}#$x ${y}";$)"},
      {"\"a\nb\";", "\"a\nb\";$"},
      {R"("$";)", R"("$";$)"},
      {R"("";)", R"("";$)"},
      {R"("" '' x;)", R"(""""<x>;$)"},
      {R"("a"{)", R"("a"{$)"},
      {R"(if ($x = "a"){)", R"(<if><($x><=>"a"<)>{$)"},
      {R"("a" "b";)", R"("a""b";$)"},
      {R"("a"))", R"("a"<)>$)"},
      {R"("a""b";)", R"("a"!")"},
      {R"("a"b;)", R"("a"!b)"},
      {R"("a"#;)", R"("a"!#)"},
      {R"("a"};)", R"("a"!})"},
      {R"(""x)", R"(""!x)"},
      {R"(a "b)", R"(<a>?)"},
      {R"(a "b\")", R"(<a>?)"},
      {R"(a 'b\)", R"(<a>?)"},
  });
}

TEST_CASE("a byte order mark is skipped at the start only") {
  check_all({
      {"\xef\xbb\xbfuser a;", "<user><a>;$"},
      {"\xef\xbb\xbf", "$"},
      {"a \xef\xbb\xbf;", "<a><\xef\xbb\xbf>;$"},
  });
  CHECK(Lexer("\xef\xbb\xbfuser a;").next().column == 1);
}

TEST_CASE("a word may have any size") {
  std::string big(1 << 20, 'x');
  CHECK(tokens_of(big + ";") == "<" + big + ">;$");
  CHECK(tokens_of("'" + big + "';") == "\"" + big + "\";$");
}

TEST_CASE("tokens know the line and column of their first byte") {
  Lexer lexer("a  \"b\nc\"\n\t d;\r\n}");
  struct {
    Token::Kind kind;
    uint32_t line, column;
  } expected[] = {
      {Token::Kind::word, 1, 1},      {Token::Kind::word, 1, 4},      {Token::Kind::word, 3, 3},
      {Token::Kind::semicolon, 3, 4}, {Token::Kind::block_end, 4, 1}, {Token::Kind::end, 4, 2},
  };
  for (const auto& e : expected) {
    Token token = lexer.next();
    CHECK(token.kind == e.kind);
    CHECK(token.line == e.line);
    CHECK(token.column == e.column);
  }
}

TEST_CASE("the last token repeats, so that a reader can't run past it") {
  for (const char* text : {"", "\"a\"b", "\"a"}) {
    INFO(text);
    Lexer lexer(text);
    Token last = lexer.next();
    while (last.kind == Token::Kind::word) last = lexer.next();
    CHECK(lexer.next().kind == last.kind);
    CHECK(lexer.next().kind == last.kind);
  }
}
