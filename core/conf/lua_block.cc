#include "conf/lua_block.h"

#include <vector>

namespace sluice {

namespace {

constexpr size_t kNone = std::string_view::npos;

bool is_lua_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_newline(char c) {
  return c == '\n' || c == '\r';
}

class LuaScanner {
 public:
  explicit LuaScanner(std::string_view text) : text_(text) {}

  LuaBlockScan run() {
    while (position_ < text_.size()) {
      if (text_[position_] == '}' && open_braces_.empty()) return closed();
      if (!step()) return open_long_bracket();
    }
    return open_brace();
  }

 private:
  // Moves over one token; false when a long bracket has no end.
  bool step() {
    switch (text_[position_]) {
      case '{':
        open_braces_.push_back(position_++);
        return true;
      case '}':
        open_braces_.pop_back();
        ++position_;
        return true;
      case '"':
      case '\'':
        position_ = after_short_string(position_);
        return true;
      case '[':
        return skip_long_bracket(position_);
      case '-':
        return skip_minus();
      default:
        ++position_;
        return true;
    }
  }

  bool skip_minus() {
    if (!text_.substr(position_).starts_with("--")) {
      ++position_;
      return true;
    }
    if (level_of_bracket(position_ + 2) != kNone) return skip_long_bracket(position_ + 2);
    while (position_ < text_.size() && !is_newline(text_[position_])) ++position_;
    return true;
  }

  // The number of `=` between the brackets of `[==[` at `start`; kNone when no long bracket opens there.
  size_t level_of_bracket(size_t start) const {
    if (start >= text_.size() || text_[start] != '[') return kNone;
    size_t second = text_.find_first_not_of('=', start + 1);
    return second != kNone && text_[second] == '[' ? second - start - 1 : kNone;
  }

  bool skip_long_bracket(size_t start) {
    size_t level = level_of_bracket(start);
    if (level == kNone) {
      position_ = start + 1;
      return true;
    }
    std::string closer = "]" + std::string(level, '=') + "]";
    size_t end = text_.find(closer, start + level + 2);
    if (end == kNone) {
      open_bracket_ = start;
      missing_ = closer;
      return false;
    }
    position_ = end + closer.size();
    return true;
  }

  // Where the text goes on after the short string that starts here, or after its quote alone when no string
  // does.
  size_t after_short_string(size_t start) const {
    size_t i = start + 1;
    while (i < text_.size() && !is_newline(text_[i])) {
      if (text_[i] == text_[start]) return i + 1;
      i = text_[i] == '\\' ? after_escape(i + 1) : i + 1;
    }
    return start + 1;
  }

  // `i` is the byte after a backslash: \z takes all following white space, a newline may be a pair of CR and
  // LF.
  size_t after_escape(size_t i) const {
    if (i >= text_.size()) return i;
    size_t next = i + 1;
    if (text_[i] == 'z') {
      while (next < text_.size() && is_lua_space(text_[next])) ++next;
    } else if (is_newline(text_[i]) && next < text_.size() && is_newline(text_[next]) &&
               text_[next] != text_[i]) {
      ++next;
    }
    return next;
  }

  LuaBlockScan closed() const {
    LuaBlockScan scan;
    scan.length = position_;
    return scan;
  }

  LuaBlockScan open_brace() const {
    LuaBlockScan scan;
    scan.outcome = LuaBlockScan::Outcome::open_brace;
    scan.at_block_brace = open_braces_.empty();
    if (!scan.at_block_brace) scan.offset = open_braces_.back();
    return scan;
  }

  LuaBlockScan open_long_bracket() const {
    LuaBlockScan scan;
    scan.outcome = LuaBlockScan::Outcome::open_long_bracket;
    scan.offset = open_bracket_;
    scan.missing = missing_;
    return scan;
  }

  std::string_view text_;
  size_t position_ = 0;
  std::vector<size_t> open_braces_;
  size_t open_bracket_ = 0;
  std::string missing_;
};

}  // namespace

LuaBlockScan scan_lua_block(std::string_view text) {
  return LuaScanner(text).run();
}

}  // namespace sluice
