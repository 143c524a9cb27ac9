#include "server/error_page_line.h"

#include <sluice/base/strings.h>

#include "server/generation_builder.h"

namespace sluice {

namespace {

Result<int> parse_overwrite(const DirectiveUse& use, std::string_view text) {
  if (text.size() == 1) return 0;
  auto code = parse_uint(text.substr(1));
  if (!code || *code == 0 || *code > 999) return use.invalid_value(text);
  return static_cast<int>(*code);
}

Result<int> parse_code(const DirectiveUse& use, std::string_view text) {
  auto code = parse_uint(text);
  constexpr uint64_t kClientLeft = 499;  // nobody is there for a page
  if (!code || *code == kClientLeft) return use.invalid_value(text);
  if (*code < 300 || *code > 599) return use.error(concat("value \"", text, "\" must be between 300 and 599"));
  return static_cast<int>(*code);
}

}  // namespace

Result<std::vector<ErrorPage>> parse_error_page(const DirectiveUse& use) {
  size_t codes = use.count() - 1;
  int overwrite = -1;
  if (use.arg(codes - 1).starts_with('=')) {
    --codes;
    TRY_ASSIGN(overwrite, parse_overwrite(use, use.arg(codes)));
  }
  if (codes == 0) return use.invalid_value(use.arg(0));
  TRY_ASSIGN(ComplexValue target, use.block.builder().compile(use.node.place, use.arg(use.count() - 1)));
  std::vector<ErrorPage> pages;
  for (size_t i = 0; i < codes; ++i) {
    TRY_ASSIGN(int code, parse_code(use, use.arg(i)));
    pages.push_back({code, overwrite, target});
  }
  return pages;
}

}  // namespace sluice
