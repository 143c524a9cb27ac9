// ScriptRegex: the regular expression of a `rewrite` or an `if`: matching, and what rewrite_log says about it.
#pragma once

#include <string_view>

#include <sluice/server/named_regex.h>

#include "rewrite_conf.h"

namespace sluice {

class ScriptRegex {
 public:
  ScriptRegex(NamedRegex regex, RewriteConfSlot conf) : regex_(std::move(regex)), conf_(conf) {}

  // match gives the exchange the captures; where it does not match there are none any more, as in nginx.
  bool match(std::string_view subject, Exchange& exchange) const;
  bool logs(const Exchange& exchange) const { return conf_.logs(exchange); }

 private:
  NamedRegex regex_;
  RewriteConfSlot conf_;
};

}  // namespace sluice
