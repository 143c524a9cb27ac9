// Options: sluice's command line, which is nginx's, and the paths that follow from it.
#pragma once

#include <cstdint>
#include <string>

#include <sluice/base/error.h>

#include "module/build.h"

namespace sluice {

inline constexpr std::string_view kVersion = SLUICE_VERSION;
inline constexpr std::string_view kDefaultConf = "conf/proxy.conf";  // relative to the prefix

enum class Command : uint8_t {
  serve,
  help,              // -h, -?
  version,           // -v
  describe,          // -V: version and build
  test,              // -t
  dump,              // -T: test, then print every file
  signal,            // -s NAME
  module_index,      // --index DIR: what every module in DIR provides; the build writes the module index with it
  reference,         // --reference: the reference pages of all directives and variables
};

struct Options {
  Command command = Command::serve;
  bool quiet = false;          // -q
  std::string signal;          // -s
  std::string directory;       // --index
  // As BuildInput has them.
  std::string prefix;
  std::string conf_path;
  std::string global_directives;
  std::string error_log;       // -e; empty: the configuration's
  std::string module_directory;
};

// parse_options reads the command line. Errors have nginx's words (`invalid option: "-x"`).
// Paths are made absolute: the prefix counts from the current directory (the default: the installation, when this executable is the
// installed one, else the current directory), the configuration from the prefix. The module directory is modules/ beside the
// executable, or lib/sluice/modules/ of the installation.
Result<Options> parse_options(int argc, char** argv);

// build_input fills in what the command line knows.
BuildInput build_input(const Options& options, BuildRole role, uint64_t generation_id);

// prefixed makes a path absolute, counting from the prefix.
std::string prefixed(const Options& options, std::string_view path);

void print_version();
void print_help();
void print_description();  // -V

}  // namespace sluice
