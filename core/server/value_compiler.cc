#include "server/value_compiler.h"

#include <cstring>

#include <sluice/base/strings.h>
#include <sluice/server/exchange.h>

namespace sluice {

namespace {

bool is_name_byte(char c) {
  return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

size_t name_length(std::string_view text) {
  if (!text.empty() && text[0] >= '1' && text[0] <= '9') return 1;
  size_t length = 0;
  while (length < text.size() && is_name_byte(text[length])) ++length;
  return length;
}

}  // namespace

Result<std::string_view> next_variable_name(const ConfigPlace& place, std::string_view& text) {
  bool braced = text.starts_with('{');
  if (braced) text.remove_prefix(1);
  size_t length = name_length(text);
  std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  if (braced && !text.starts_with('}')) {
    return config_error(place, concat("the closing bracket in \"", name, "\" variable is missing"));
  }
  if (braced) text.remove_prefix(1);
  if (name.empty()) return config_error(place, "invalid variable name");
  return name;
}

void ValueCompiler::add_literal(ComplexValue& value, std::string_view text) {
  if (!text.empty()) value.parts_.push_back({nullptr, std::string(text)});
}

Result<ComplexValue> ValueCompiler::compile(VariableTable& variables, const ConfigPlace& place, std::string_view text) {
  ComplexValue value;
  if (text.find('$') == std::string_view::npos) return ComplexValue(std::string(text));
  while (!text.empty()) {
    size_t dollar = text.find('$');
    add_literal(value, text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    TRY_ASSIGN(std::string_view name, next_variable_name(place, text));
    value.parts_.push_back({variables.use(place, name), {}});
  }
  return value;
}

std::string_view ComplexValue::eval_parts(Exchange& exchange) const {
  if (parts_.size() == 1) return parts_[0].variable->get(exchange).text;
  constexpr size_t kFew = 16;
  std::string_view few[kFew];
  std::string_view* texts = few;
  if (parts_.size() > kFew) {
    texts = static_cast<std::string_view*>(exchange.arena().allocate(parts_.size() * sizeof(std::string_view)));
  }
  size_t total = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    texts[i] = parts_[i].variable != nullptr ? parts_[i].variable->get(exchange).text : std::string_view(parts_[i].literal);
    total += texts[i].size();
  }
  char* out = exchange.arena().allocate_chars(total);
  size_t at = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!texts[i].empty()) std::memcpy(out + at, texts[i].data(), texts[i].size());
    at += texts[i].size();
  }
  return {out, total};
}

}  // namespace sluice
