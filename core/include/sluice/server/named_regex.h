// NamedRegex: a regular expression of the configuration whose captures an exchange receives: $1..$9, and a variable per named group.
#pragma once

#include <utility>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/conf/tree.h>
#include <sluice/server/builder.h>
#include <sluice/server/exchange.h>

#include <sluice/server/regex.h>

namespace sluice {

class SLUICE_API NamedRegex {
 public:
  // compile makes the regex and defines its variables. Errors: nginx's, with the place.
  static Result<NamedRegex> compile(ConfigBuilder& builder, const ConfigPlace& place, std::string_view pattern,
                                    Regex::Case letters);

  // match searches the subject, which lives as long as the exchange; on a match the exchange gets its captures. A regex that
  // hits a limit of PCRE2 is logged and does not match.
  bool match(std::string_view subject, Exchange& exchange) const;

  const Regex& regex() const { return regex_; }

 private:
  explicit NamedRegex(Regex regex) : regex_(std::move(regex)) {}
  Regex regex_;
  std::vector<std::pair<const Variable*, uint32_t>> variables_;  // with their groups
};

}  // namespace sluice
