#include "if_condition.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <sluice/sluice.h>

#include "script_regex.h"

namespace sluice {

namespace {

enum class Want : uint8_t { yes, no };

class IsTrue final : public Condition {
 public:
  explicit IsTrue(const Variable& variable) : variable_(variable) {}
  bool holds(Exchange& exchange) const override {
    const std::string_view text = variable_.get(exchange).text;
    return !text.empty() && text != "0";
  }

 private:
  const Variable& variable_;
};

class Equals final : public Condition {
 public:
  Equals(const Variable& variable, ComplexValue text, Want want) : variable_(variable), text_(std::move(text)), want_(want) {}
  bool holds(Exchange& exchange) const override {
    return (variable_.get(exchange).text == text_.eval(exchange)) == (want_ == Want::yes);
  }

 private:
  const Variable& variable_;
  ComplexValue text_;
  Want want_;
};

class Matches final : public Condition {
 public:
  Matches(const Variable& variable, ScriptRegex regex, Want want) : variable_(variable), regex_(std::move(regex)), want_(want) {}
  bool holds(Exchange& exchange) const override {
    return regex_.match(variable_.get(exchange).text, exchange) == (want_ == Want::yes);
  }

 private:
  const Variable& variable_;
  ScriptRegex regex_;
  Want want_;
};

// What a file must be; the letters of the test.
enum class FileKind : char { file = 'f', directory = 'd', exists = 'e', executable = 'x' };

bool is_of_kind(const struct stat& status, FileKind kind) {
  switch (kind) {
    case FileKind::file: return S_ISREG(status.st_mode);
    case FileKind::directory: return S_ISDIR(status.st_mode);
    case FileKind::executable: return (status.st_mode & S_IXUSR) != 0;
    case FileKind::exists: break;
  }
  return true;
}

class FileTest final : public Condition {
 public:
  FileTest(ComplexValue path, FileKind kind, Want want) : path_(std::move(path)), kind_(kind), want_(want) {}
  bool holds(Exchange& exchange) const override { return is_there(exchange) == (want_ == Want::yes); }

 private:
  bool is_there(Exchange& exchange) const {
    const std::string_view path = path_.eval(exchange);
    if (path.find('\0') != std::string_view::npos) return false;
    struct stat status;
    if (::stat(exchange.arena().concat(path, std::string_view("\0", 1)).data(), &status) == 0) return is_of_kind(status, kind_);
    if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG) {
      exchange.log_at(LogLevel::error, os_error(concat("stat() \"", path, '"'), errno).text);
    }
    return false;
  }

  ComplexValue path_;
  FileKind kind_;
  Want want_;
};

using Made = std::unique_ptr<const Condition>;
using Words = std::vector<std::string_view>;

Error invalid(const DirectiveUse& use, std::string_view word) { return use.error(concat("invalid condition \"", word, '"')); }

// The words between the parentheses, which may be glued to the first and the last one.
Result<Words> words_of(const DirectiveUse& use) {
  Words words(use.node.args.begin(), use.node.args.end());
  if (!words.front().starts_with('(')) return invalid(use, words.front());
  if (words.front().size() > 1) words.front().remove_prefix(1);
  if (!words.back().ends_with(')')) return invalid(use, words.back());
  if (words.front() == "(") words.erase(words.begin());
  words.back().remove_suffix(1);
  if (words.back().empty()) words.pop_back();
  return words.empty() ? invalid(use, ")") : Result<Words>(std::move(words));
}

Want want_of(std::string_view op) { return op.starts_with('!') ? Want::no : Want::yes; }

Result<std::unique_ptr<const Condition>> compare(const DirectiveUse& use, const Variable& variable, std::string_view op,
                                                 std::string_view operand, RewriteConfSlot conf) {
  ConfigBuilder& builder = use.block.builder();
  if (op == "=" || op == "!=") {
    TRY_ASSIGN(ComplexValue text, builder.compile(use.node.place, operand));
    return Made(std::make_unique<const Equals>(variable, std::move(text), want_of(op)));
  }
  if (op == "~" || op == "~*" || op == "!~" || op == "!~*") {
    const auto letters = op.ends_with('*') ? Regex::Case::ignored : Regex::Case::sensitive;
    TRY_ASSIGN(NamedRegex regex, NamedRegex::compile(builder, use.node.place, operand, letters));
    return Made(std::make_unique<const Matches>(variable, ScriptRegex(std::move(regex), conf), want_of(op)));
  }
  return use.error(concat("unexpected \"", op, "\" in condition"));
}

Result<std::unique_ptr<const Condition>> about_variable(const DirectiveUse& use, const Words& words, RewriteConfSlot conf) {
  if (words.size() != 1 && words.size() != 3) return invalid(use, words.front());
  TRY_ASSIGN(const Variable* variable, use.block.builder().variable(use.node.place, words[0].substr(1)));
  if (words.size() == 1) return Made(std::make_unique<const IsTrue>(*variable));
  return compare(use, *variable, words[1], words[2], conf);
}

Result<std::unique_ptr<const Condition>> about_file(const DirectiveUse& use, const Words& words) {
  const std::string_view test = words[0];
  if (words.size() != 2) return invalid(use, test);
  if (std::string_view("fdex").find(test.back()) == std::string_view::npos) return invalid(use, test);
  TRY_ASSIGN(ComplexValue path, use.block.builder().compile(use.node.place, words[1]));
  return Made(std::make_unique<const FileTest>(std::move(path), FileKind{test.back()}, want_of(test)));
}

}  // namespace

Result<std::unique_ptr<const Condition>> parse_condition(const DirectiveUse& use, RewriteConfSlot conf) {
  TRY_ASSIGN(Words words, words_of(use));
  const std::string_view first = words.front();
  if (first.size() > 1 && first[0] == '$') return about_variable(use, words, conf);
  const bool is_test = (first.size() == 2 && first[0] == '-') || (first.size() == 3 && first.starts_with("!-"));
  return is_test ? about_file(use, words) : Result<std::unique_ptr<const Condition>>(invalid(use, first));
}

}  // namespace sluice
