// ConfigTree: the syntax of a configuration, with the place of everything; no meaning yet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>

namespace sluice {

// Where something stands. `file` is shared by all nodes of one file and lives as long as the tree.
struct ConfigPlace {
  const std::string* file = nullptr;  // as given in error messages; "command line" for -g
  uint32_t line = 0;                  // of the token that ended the directive ("{" or ";"), as nginx reports it
  uint32_t start_line = 0;            // of the directive's name
  uint32_t column = 0;                // of the directive's name, from 1
};

// Location suffix of every configuration message: ` in /etc/sluice/proxy.conf:12`, or ` in command line`.
SLUICE_API std::string place_suffix(const ConfigPlace& place);

// config_error makes an Error of kind config: the text and the place suffix.
SLUICE_API Error config_error(const ConfigPlace& place, std::string_view text);

struct ConfigNode {
  std::string name;
  std::vector<std::string> args;   // unquoted and unescaped
  std::vector<bool> quoted;        // parallel to args: was in quotes
  ConfigPlace place;
  uint32_t position = 0;           // in the order of reading; a block's own stands before those of its children
  bool has_block = false;
  std::vector<std::unique_ptr<ConfigNode>> children;  // of a block, in file order; includes are spliced in
  bool raw = false;                // a Lua block: `text` holds everything between the braces, verbatim
  std::string text;
  uint32_t text_line = 0;          // line on which `text` begins (that of the opening brace)
};

}  // namespace sluice
