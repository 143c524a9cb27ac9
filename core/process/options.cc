#include "process/options.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include <sluice/base/strings.h>
#include <sluice/server/module.h>

namespace sluice {

namespace {

constexpr std::string_view kUsage =
    "Usage: sluice [-?hvVtTq] [-s signal] [-p prefix]\n"
    "              [-e filename] [-c filename] [-g directives]\n"
    "\n"
    "Options:\n"
    "  -?,-h         : this help\n"
    "  -v            : show version and exit\n"
    "  -V            : show version and build, then exit\n"
    "  -t            : test configuration and exit\n"
    "  -T            : test configuration, dump it and exit\n"
    "  -q            : suppress non-error messages during configuration testing\n"
    "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n"
    "  -p prefix     : set prefix path\n"
    "  -e filename   : set error log file\n"
    "  -c filename   : set configuration file (default: conf/proxy.conf)\n"
    "  -g directives : set global directives out of configuration file\n"
    "\n";

// Walks argv; option letters may be joined ("-tq"), a value may be joined to its letter ("-cfile") or be the next word.
class Parser {
 public:
  Parser(int argc, char** argv) : argc_(argc), argv_(argv) {}

  Result<Options> parse() {
    while (++at_ < argc_) {
      std::string_view word = argv_[at_];
      if (word.substr(0, 2) == "--") {
        TRY(long_option(word));
        continue;
      }
      if (word.empty() || word[0] != '-') return wrong(concat("invalid option: \"", word, '"'));
      TRY(letters(word.substr(1)));
    }
    return std::move(options_);
  }

 private:
  static Error wrong(std::string text) { return Error(ErrorKind::config, std::move(text), ErrorSource::config); }

  Result<void> long_option(std::string_view word) {
    if (word == "--reference") {
      options_.command = Command::reference;
      return {};
    }
    if (word != "--index" || at_ + 1 >= argc_) return wrong(concat("invalid option: \"", word, '"'));
    options_.command = Command::module_index;
    options_.directory = argv_[++at_];
    return {};
  }

  Result<void> letters(std::string_view rest) {
    while (!rest.empty()) {
      char letter = rest[0];
      rest.remove_prefix(1);
      if (std::string* target = value_of(letter)) {
        TRY_ASSIGN(*target, value(letter, rest));
        return letter == 's' ? check_signal() : Result<void>();
      }
      TRY(flag(letter));
    }
    return {};
  }

  std::string* value_of(char letter) {
    switch (letter) {
      case 'p': return &options_.prefix;
      case 'c': return &options_.conf_path;
      case 'g': return &options_.global_directives;
      case 'e': return &options_.error_log;
      case 's': return &options_.signal;
      default: return nullptr;
    }
  }

  Result<std::string> value(char letter, std::string_view rest) {
    if (!rest.empty()) return std::string(rest);
    if (at_ + 1 < argc_ && argv_[at_ + 1][0] != '\0') return std::string(argv_[++at_]);
    std::string_view what = letter == 'p' ? "directory name" : letter == 'c' || letter == 'e' ? "file name" : "parameter";
    return wrong(concat("option \"-", letter, "\" requires ", what));
  }

  Result<void> check_signal() {
    for (std::string_view known : {"stop", "quit", "reopen", "reload"}) {
      if (options_.signal != known) continue;
      options_.command = Command::signal;
      return {};
    }
    return wrong(concat("invalid option: \"-s ", options_.signal, '"'));
  }

  Result<void> flag(char letter) {
    switch (letter) {
      case '?':
      case 'h': options_.command = Command::help; return {};
      case 'v': options_.command = Command::version; return {};
      case 'V': options_.command = Command::describe; return {};
      case 't': if (options_.command != Command::dump) options_.command = Command::test; return {};
      case 'T': options_.command = Command::dump; return {};
      case 'q': options_.quiet = true; return {};
      default: return wrong(concat("invalid option: \"", letter, '"'));
    }
  }

  int argc_;
  char** argv_;
  int at_ = 0;
  Options options_;
};

std::string current_directory() {
  char buffer[PATH_MAX];
  return getcwd(buffer, sizeof buffer) != nullptr ? std::string(buffer) + '/' : "/";
}

// The executable's own directory, ending in '/'.
std::string executable_directory() {
  char buffer[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", buffer, sizeof buffer);
  if (n <= 0) return "/";
  std::string path(buffer, static_cast<size_t>(n));
  return path.substr(0, path.rfind('/') + 1);
}

// absolute joins and removes "./" and doubled slashes; ".." stays, because what stands before it may be a symbolic link.
std::string absolute(const std::string& base, std::string_view path) {
  std::string joined = !path.empty() && path[0] == '/' ? std::string(path) : concat(base, path);
  std::string out = "/";
  for (size_t start = 1; start <= joined.size();) {
    size_t end = std::min(joined.find('/', start), joined.size());
    std::string_view part = std::string_view(joined).substr(start, end - start);
    if (!part.empty() && part != ".") out.append(part).append(end < joined.size() ? "/" : "");
    start = end + 1;
  }
  return out;
}

void finish_paths(Options& options) {
  std::string here = executable_directory();
  bool installed = here == SLUICE_INSTALL_PREFIX "/bin/";
  std::string prefix = options.prefix.empty() && installed ? SLUICE_INSTALL_PREFIX : options.prefix;
  options.prefix = absolute(current_directory(), prefix);
  if (options.prefix.back() != '/') options.prefix += '/';
  options.conf_path = absolute(options.prefix, options.conf_path.empty() ? kDefaultConf : options.conf_path);
  if (!options.error_log.empty() && options.error_log != "stderr") options.error_log = absolute(options.prefix, options.error_log);
  std::string beside = here + "modules/";
  bool in_tree = access(beside.c_str(), F_OK) == 0;
  options.module_directory = in_tree ? beside : absolute(here, "../lib/sluice/modules/");
}

}  // namespace

Result<Options> parse_options(int argc, char** argv) {
  TRY_ASSIGN(Options options, Parser(argc, argv).parse());
  finish_paths(options);
  return options;
}

BuildInput build_input(const Options& options, BuildRole role, uint64_t generation_id) {
  BuildInput input;
  input.role = role;
  input.generation_id = generation_id;
  input.prefix = options.prefix;
  input.conf_path = options.conf_path;
  input.global_directives = options.global_directives;
  input.error_log_override = options.error_log;
  input.module_directory = options.module_directory;
  return input;
}

std::string prefixed(const Options& options, std::string_view path) { return absolute(options.prefix, path); }

void print_version() { std::fprintf(stderr, "sluice version: sluice/%s\n", std::string(kVersion).c_str()); }

void print_help() {
  print_version();
  std::fwrite(kUsage.data(), 1, kUsage.size(), stderr);
}

void print_description() {
  print_version();
  std::fprintf(stderr, "module ABI: %s\nprefix: %s\n", SLUICE_ABI_STAMP, SLUICE_INSTALL_PREFIX);
}

}  // namespace sluice
