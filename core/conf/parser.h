// Parser: configuration files into one tree of nodes, includes spliced in; syntax only.
//
// It knows nginx's grammar and no directive but `include` and the blocks of raw Lua. Whether a directive
// exists, may stand where it stands, and takes these arguments is for the tables that walk the tree. The
// first error ends parsing; its text is nginx's, byte for byte, place included.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/conf/file_source.h>
#include <sluice/conf/tree.h>

namespace sluice {

// How deep blocks and includes may nest; so deep that only a mistake (or a fuzzer) gets there.
constexpr size_t kMaxBlockDepth = 256;
constexpr size_t kMaxIncludeDepth = 32;

struct ParseOptions {
  // Text of `-g`: simple directives, parsed before the main file, so that they come first among the root's
  // children.
  std::string_view command_line;
  // Names of further directives whose block is raw text up to its Lua-matched brace, besides all
  // `*_by_lua_block`.
  std::function<bool(std::string_view name)> is_raw_block;
};

struct ConfigFile {
  std::string path;  // as opened; the places of its nodes point here
  std::string text;  // raw
};

struct ParsedConfig {
  std::unique_ptr<ConfigNode> root;  // no name, has_block, children of all files
  std::deque<ConfigFile> files;  // each once, in the order of first opening; must live as long as the nodes
};

// parse_config reads `main_path` and everything it includes. Relative includes count from the folder of
// `main_path`; a pattern may match nothing; each file is balanced in itself. Errors are of kind config and
// one line. When `excerpt` is given and the place is known, it receives the source line and caret to print
// below (source_excerpt). REQUIRES: main_path is absolute.
Result<ParsedConfig> parse_config(FileSource& files, std::string_view main_path, const ParseOptions& options,
                                  std::string* excerpt = nullptr);

// config_directory gives the folder of the main file with its slash: what relative paths in directives count
// from.
std::string_view config_directory(std::string_view main_path);

// config_dump renders all files as `-T` prints them: `# configuration file PATH:`, the raw text, an empty
// line.
std::string config_dump(const ParsedConfig& config);

}  // namespace sluice
