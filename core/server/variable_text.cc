#include "server/variable_text.h"

#include <charconv>

#include <sluice/base/strings.h>

namespace sluice {

std::string_view decimal(Exchange& exchange, uint64_t number) {
  char* out = exchange.arena().allocate_chars(20);
  auto end = std::to_chars(out, out + 20, number).ptr;
  return {out, static_cast<size_t>(end - out)};
}

std::string_view seconds_text(Exchange& exchange, uint64_t milliseconds) {
  char* out = exchange.arena().allocate_chars(24);
  char* end = std::to_chars(out, out + 20, milliseconds / 1000).ptr;
  uint64_t rest = milliseconds % 1000;
  *end++ = '.';
  *end++ = static_cast<char>('0' + rest / 100);
  *end++ = static_cast<char>('0' + rest / 10 % 10);
  *end++ = static_cast<char>('0' + rest % 10);
  return {out, static_cast<size_t>(end - out)};
}

namespace {

bool is_named(const Header& header, const Variable& variable) {
  if (header.removed) return false;
  if (variable.number != 0) return static_cast<uint32_t>(header.id) == variable.number;
  std::string_view name = header.name();
  const std::string& wanted = variable.suffix();
  if (name.size() != wanted.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i] == '-' ? '_' : to_lower(name[i]);
    if (c != wanted[i]) return false;
  }
  return true;
}

}  // namespace

VariableValue joined_headers(Exchange& exchange, const Headers& headers, const Variable& variable, std::string_view separator) {
  if (variable.number != 0) {
    const Header* only = headers.find(static_cast<HeaderId>(variable.number));
    if (only == nullptr) return {};
    if (headers.next(only) == nullptr) return only->value();
  }
  VariableValue value;
  for (const Header& header : headers) {
    if (!is_named(header, variable)) continue;
    value = value.found ? VariableValue(exchange.arena().concat(value.text, separator, header.value())) : VariableValue(header.value());
  }
  return value;
}

}  // namespace sluice
