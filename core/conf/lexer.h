// Lexer: configuration text into words and punctuation, by nginx's rules (ngx_conf_read_token).
//
//   - SP TAB CR LF separate words; `#` starts a comment only where a word could start (`a#b` is one word).
//   - A bare word ends at white space, `;` or `{`; a `{` right after `$` belongs to it (`${name}`).
//     Quotes and `}` inside it are literal.
//   - A quoted word ends at its quote; white space, `;`, `{`, `)` or the end must follow.
//   - `\` takes the next character out of all of this. In the stored word \" \' \\ \t \r \n are replaced;
//     any other backslash stays, so that regular expressions survive.
//
// A UTF-8 byte order mark at the start is skipped, and a word may have any size (nginx: 4096 bytes). The
// lexer does not judge the order of tokens and never fails: what it can't read is a token of its own kind,
// and the parser says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

struct Token {
  enum class Kind : uint8_t {
    word,
    semicolon,
    block_start,
    block_end,
    unexpected,    // the byte in `text` directly after a closing quote
    unterminated,  // a quoted word that the end of the text cut off
    end,
  };
  Kind kind = Kind::end;
  std::string text;  // of a word: unquoted and unescaped
  bool quoted = false;
  uint32_t line = 1;    // of its first byte
  uint32_t column = 1;  // of its first byte, counted in bytes from 1
};

class Lexer {
 public:
  // `text` must outlive the lexer.
  explicit Lexer(std::string_view text);

  // next returns the next token; once `end`, `unexpected` or `unterminated` was returned, it stays that.
  Token next();

  // What was not read yet. After a block_start that is the raw content of a Lua block.
  std::string_view rest() const { return text_.substr(position_); }
  // skip moves over `count` bytes of rest(), counting lines. REQUIRES: count <= rest().size().
  void skip(size_t count);

  std::string_view text() const { return text_; }
  uint32_t line() const { return line_; }
  uint32_t column() const { return static_cast<uint32_t>(position_ - line_start_ + 1); }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  void skip_blank();
  void skip_comment();
  Token punctuation(Token::Kind kind);
  Token unexpected_byte() const;
  Token quoted_word();
  Token bare_word();
  Token here(Token::Kind kind) const;

  std::string_view text_;
  size_t position_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
  bool after_quote_ = false;
};

// unescape_word replaces \" \' \\ \t \r \n as the lexer does for every word it stores.
std::string unescape_word(std::string_view raw);

}  // namespace sluice
