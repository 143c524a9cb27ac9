// Fuzzes the whole syntax half of the configuration: lexer, Lua blocks, parser, excerpts. The input is the
// main file and, up to its first zero byte, the text of `-g`; an include finds the main file's own text under
// any other name.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/check.h>
#include <sluice/conf/units.h>

#include "conf/lexer.h"
#include "conf/parser.h"

namespace {

using namespace sluice;

class EveryNameIsOneFile final : public FileSource {
 public:
  explicit EveryNameIsOneFile(std::string_view text) : text_(text) {}
  Result<std::string> read(const std::string&) override {
    if (++reads_ > kMaxReads) return Error(ErrorKind::io, "too many reads");
    return std::string(text_);
  }
  std::vector<std::string> glob(const std::string& pattern) override { return {pattern}; }

 private:
  static constexpr int kMaxReads = 8;
  std::string_view text_;
  int reads_ = 0;
};

void check_lexer_ends(std::string_view text) {
  Lexer lexer(text);
  size_t tokens = 0;
  for (Token token = lexer.next();; token = lexer.next()) {
    if (token.kind == Token::Kind::end || token.kind == Token::Kind::unexpected) return;
    if (token.kind == Token::Kind::unterminated) return;
    CHECK(++tokens <= text.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t zero = input.find('\0');
  std::string_view main_text = zero == std::string_view::npos ? input : input.substr(zero + 1);
  check_lexer_ends(input);
  (void)parse_time_ms(input);
  (void)parse_time_s(input);
  (void)parse_offset(input);

  EveryNameIsOneFile files(main_text);
  ParseOptions options;
  if (zero != std::string_view::npos) options.command_line = input.substr(0, zero);
  std::string excerpt;
  auto config = parse_config(files, "/main", options, &excerpt);
  if (!config) CHECK(config.error().kind == ErrorKind::config);
  return 0;
}
