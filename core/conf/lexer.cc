#include "conf/lexer.h"

#include <algorithm>

namespace sluice {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool ends_bare_word(char c) {
  return is_blank(c) || c == ';' || c == '{';
}
bool may_follow_quote(char c) {
  return ends_bare_word(c) || c == ')';
}

// What `\c` stands for; 0 when the backslash stays.
char escaped(char c) {
  switch (c) {
    case '"':
    case '\'':
    case '\\':
      return c;
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    default:
      return 0;
  }
}

}  // namespace

std::string unescape_word(std::string_view raw) {
  std::string word;
  word.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    char replacement = raw[i] == '\\' && i + 1 < raw.size() ? escaped(raw[i + 1]) : 0;
    word.push_back(replacement != 0 ? replacement : raw[i]);
    if (replacement != 0) ++i;
  }
  return word;
}

Lexer::Lexer(std::string_view text) : text_(text) {
  if (!text.starts_with(kByteOrderMark)) return;
  position_ = line_start_ = kByteOrderMark.size();
}

Token Lexer::next() {
  if (after_quote_ && !at_end() && !may_follow_quote(text_[position_])) return unexpected_byte();
  after_quote_ = false;
  skip_blank();
  if (at_end()) return here(Token::Kind::end);
  switch (text_[position_]) {
    case ';':
      return punctuation(Token::Kind::semicolon);
    case '{':
      return punctuation(Token::Kind::block_start);
    case '}':
      return punctuation(Token::Kind::block_end);
    case '"':
    case '\'':
      return quoted_word();
    default:
      return bare_word();
  }
}

void Lexer::skip(size_t count) {
  for (count = std::min(count, text_.size() - position_); count > 0; --count) {
    if (text_[position_++] != '\n') continue;
    ++line_;
    line_start_ = position_;
  }
}

void Lexer::skip_blank() {
  while (!at_end()) {
    if (text_[position_] == '#') {
      skip_comment();
    } else if (is_blank(text_[position_])) {
      skip(1);
    } else {
      return;
    }
  }
}

void Lexer::skip_comment() {
  position_ = std::min(text_.find('\n', position_), text_.size());
}

Token Lexer::punctuation(Token::Kind kind) {
  Token token = here(kind);
  token.text = text_[position_];
  skip(1);
  return token;
}

Token Lexer::unexpected_byte() const {
  Token token = here(Token::Kind::unexpected);
  token.text = text_[position_];
  return token;
}

Token Lexer::quoted_word() {
  Token token = here(Token::Kind::word);
  token.quoted = true;
  size_t start = position_ + 1;
  size_t close = start;
  while (close < text_.size() && text_[close] != text_[position_]) close += text_[close] == '\\' ? 2 : 1;
  if (close >= text_.size()) {
    token.kind = Token::Kind::unterminated;
    return token;
  }
  token.text = unescape_word(text_.substr(start, close - start));
  skip(close + 1 - position_);
  after_quote_ = true;
  return token;
}

Token Lexer::bare_word() {
  Token token = here(Token::Kind::word);
  size_t end = position_;
  bool after_dollar = false;
  while (end < text_.size()) {
    char c = text_[end];
    bool of_variable = after_dollar && c == '{';  // and so are further braces: `${{` is literal, as in nginx
    if (ends_bare_word(c) && !of_variable) break;
    after_dollar = c == '$' || of_variable;
    end += c == '\\' ? 2 : 1;
  }
  end = std::min(end, text_.size());
  token.text = unescape_word(text_.substr(position_, end - position_));
  skip(end - position_);
  return token;
}

Token Lexer::here(Token::Kind kind) const {
  Token token;
  token.kind = kind;
  token.line = line_;
  token.column = column();
  return token;
}

}  // namespace sluice
