#include <sluice/server/regex.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr uint32_t kMaxPairs = 64;

// Room for the result of a match; one per thread, because it is too large for the stack of every exchange.
struct MatchData {
  pcre2_match_data* data = pcre2_match_data_create(kMaxPairs, nullptr);
  ~MatchData() { pcre2_match_data_free(data); }
};

pcre2_match_data* thread_match_data() {
  thread_local MatchData data;
  return data.data;
}

pcre2_code* code_of(void* code) {
  return static_cast<pcre2_code*>(code);
}

std::string compile_error(int code, std::string_view pattern, size_t offset) {
  unsigned char reason[256];
  pcre2_get_error_message(code, reason, sizeof reason);
  std::string text = concat("pcre2_compile() failed: ", reinterpret_cast<const char*>(reason), " in \"", pattern, '"');
  if (offset < pattern.size()) text += concat(" at \"", pattern.substr(offset), '"');
  return text;
}

std::vector<std::pair<std::string, uint32_t>> group_names(pcre2_code* code) {
  uint32_t count = 0;
  uint32_t entry_size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  std::vector<std::pair<std::string, uint32_t>> names;
  for (uint32_t i = 0; i < count; ++i, table += entry_size) {
    names.emplace_back(reinterpret_cast<const char*>(table + 2), uint32_t{table[0]} << 8 | table[1]);
  }
  return names;
}

}  // namespace

void Regex::Free::operator()(void* code) const {
  pcre2_code_free(code_of(code));
}

Result<Regex> Regex::compile(std::string_view pattern, Case letters) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  uint32_t options = letters == Case::ignored ? PCRE2_CASELESS : 0;
  auto* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &offset, nullptr);
  if (code == nullptr) return Error(ErrorKind::config, compile_error(error, pattern, offset), ErrorSource::config);
  Regex regex;
  regex.code_.reset(code);
  regex.pattern_ = pattern;
  regex.names_ = group_names(code);
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &regex.captures_);
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT support the interpreter matches
  return regex;
}

Regex::Outcome Regex::match(std::string_view subject, std::span<const size_t>& offsets) const {
  pcre2_match_data* data = thread_match_data();
  const char* text = subject.data() != nullptr ? subject.data() : "";
  int count = pcre2_match(code_of(code_.get()), reinterpret_cast<PCRE2_SPTR>(text), subject.size(), 0, 0, data, nullptr);
  if (count == PCRE2_ERROR_NOMATCH) return Outcome::no_match;
  if (count < 0) return Outcome::failed;
  size_t pairs = count == 0 ? kMaxPairs : static_cast<size_t>(count);
  offsets = {pcre2_get_ovector_pointer(data), pairs * 2};
  return Outcome::match;
}

}  // namespace sluice
