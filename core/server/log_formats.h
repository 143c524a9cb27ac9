// LogFormats: every log_format of a configuration, by name. An access_log may name a format that stands further down.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/tree.h>

#include "server/access_log.h"
#include "server/variable_table.h"

namespace sluice {

class LogFormats {
 public:
  // define compiles `texts`, joined, under that name. Errors: `duplicate "log_format" name "x"`, those of variables.
  Result<void> define(VariableTable& variables, const ConfigPlace& place, std::string_view name, LogEscape escape,
                      std::string_view text);
  // use gives the format of that name; `combined` is always there.
  std::shared_ptr<const LogFormat> use(VariableTable& variables, const ConfigPlace& place, std::string_view name);
  // undefined lists `unknown log format "x"` for names that were used and never defined.
  std::vector<Error> undefined() const;

 private:
  struct Entry {
    std::shared_ptr<LogFormat> format = std::make_shared<LogFormat>();
    bool defined = false;
    ConfigPlace first_use;
  };
  std::map<std::string, Entry, std::less<>> formats_;
};

}  // namespace sluice
