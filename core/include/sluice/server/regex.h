// Regex: a compiled regular expression (PCRE2 with its JIT compiler), for server names, locations and modules of the core.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>

namespace sluice {

class SLUICE_API Regex {
 public:
  enum class Case : uint8_t { sensitive, ignored };
  enum class Outcome : uint8_t { no_match, match, failed };  // failed: a limit of PCRE2 was hit

  // compile's error text is nginx's, without a place: `pcre2_compile() failed: REASON in "PATTERN" at "REST"`.
  static Result<Regex> compile(std::string_view pattern, Case letters);

  // match searches the subject. `offsets` receives pairs of positions (SIZE_MAX = unset), whole match first; valid until
  // the next match on this thread. Does not allocate.
  Outcome match(std::string_view subject, std::span<const size_t>& offsets) const;

  const std::string& pattern() const { return pattern_; }
  // Named groups with their numbers.
  const std::vector<std::pair<std::string, uint32_t>>& names() const { return names_; }
  uint32_t captures() const { return captures_; }

 private:
  struct Free {
    void operator()(void* code) const;
  };
  std::unique_ptr<void, Free> code_;
  std::string pattern_;
  std::vector<std::pair<std::string, uint32_t>> names_;
  uint32_t captures_ = 0;
};

}  // namespace sluice
