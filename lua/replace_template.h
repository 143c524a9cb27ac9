// ReplaceTemplate: the third argument of ngx.re.sub and gsub: "$0", "$12" and "${12}" stand for groups, "$$" for a dollar sign. Read in place
// on each use, which costs less than a look-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

class ReplaceTemplate {
 public:
  ReplaceTemplate() = default;
  // The text must outlive the template.
  explicit ReplaceTemplate(std::string_view text) : text_(text) {
    valid_ = render([](std::string_view) {}, [](uint32_t) {});
  }

  // valid: every dollar sign is followed by what it may be followed by. Named groups are refused, as by OpenResty.
  bool valid() const { return valid_; }

  // render calls literal(text) and group(number) in order. False at the first mistake.
  template <class Literal, class Group>
  bool render(Literal literal, Group group) const {
    std::string_view rest = text_;
    for (size_t dollar = rest.find('$'); dollar != std::string_view::npos; dollar = rest.find('$')) {
      if (dollar > 0) literal(rest.substr(0, dollar));
      rest.remove_prefix(dollar + 1);
      if (rest.starts_with('$')) {
        literal(rest.substr(0, 1));
        rest.remove_prefix(1);
        continue;
      }
      uint32_t number = 0;
      if (!take_number(rest, number)) return false;
      group(number);
    }
    if (!rest.empty()) literal(rest);
    return true;
  }

 private:
  // Takes "12" or "{12}" off the front.
  static bool take_number(std::string_view& rest, uint32_t& number) {
    constexpr uint32_t kLargest = 1 << 20;  // PCRE2 allows 65,535 groups
    bool braces = rest.starts_with('{');
    size_t at = braces ? 1 : 0, digits = 0;
    for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; ++at, ++digits) {
      if (number < kLargest) number = number * 10 + static_cast<uint32_t>(rest[at] - '0');
    }
    if (digits == 0 || (braces && (at == rest.size() || rest[at] != '}'))) return false;
    rest.remove_prefix(braces ? at + 1 : at);
    return true;
  }

  std::string_view text_;
  bool valid_ = true;
};

}  // namespace sluice
