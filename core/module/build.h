// build_generation: from configuration text to a Generation. The one path that the loader, the control process and every worker take.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/file_source.h>
#include <sluice/server/builder.h>
#include <sluice/server/generation.h>
#include <sluice/server/process_context.h>
#include <sluice/shm/zone.h>

#include "server/main_conf.h"
#include "server/routing.h"

namespace sluice {

// LibrarySource opens module files: from the disk in the loader (which copies them into sealed memfds), from the snapshot in workers.
class LibrarySource {
 public:
  virtual ~LibrarySource() = default;
  // open gives a descriptor of a private, sealed copy; it stays open as long as the process. `id` names the content.
  struct Library {
    int fd = -1;
    std::string id;
  };
  virtual Result<Library> open(const std::string& path) = 0;
};

struct BuildInput {
  BuildRole role = BuildRole::test;
  uint64_t generation_id = 0;
  std::string prefix;                 // ends in '/'
  std::string conf_path;              // absolute
  std::string global_directives;      // -g
  std::string error_log_override;     // -e
  std::string module_directory;       // where the shipped modules and their index are; ends in '/'
  FileSource* files = nullptr;
  LibrarySource* libraries = nullptr;
  // Null results: make a private zone (loader, test).
  std::function<int(const ZoneSpec&)> zone_fd;     // descriptor of the running zone, or -1
  std::function<int(const std::string& path)> log_fd;  // descriptor for a log path, or -1 (loader, test: /dev/null or opened)
  // Called at each step with what is being done ("running init_by_lua(proxy.conf:3)"), for the reason of a loader that dies.
  std::function<void(std::string_view)> progress;
  // Is given a generation that was built when nobody refers to it any more, wherever that happens; null: it is destroyed there.
  std::function<void(std::unique_ptr<Generation>)> dispose;
};

// ListenerHosts: a listening address and its servers.
struct ListenerHosts {
  ListenSpec listen;
  std::shared_ptr<const HostTable> hosts;
};

struct BuildOutput {
  std::shared_ptr<Generation> generation;
  MainConf main;
  std::vector<ListenerHosts> listeners;   // the host tables live as long as the generation
  std::vector<ZoneSpec> zones;
  std::vector<std::string> log_paths;     // absolute, each once
  std::vector<std::string> warnings;      // "[warn]" lines, without the level
  struct File { std::string path, text; };
  std::vector<File> config_files;         // for -T
};

// A failed build gives every error found, first one first (`text in F:L`, without "[emerg]").
Result<BuildOutput> build_generation(const BuildInput& input);

// read_main_conf parses only what must be known before the real build: pid, daemon, error_log, ... (for -s and early messages).
Result<MainConf> read_main_conf(const BuildInput& input);

// start_generation calls Module::start for every module on the loop's thread; the first error ends it.
Result<void> start_generation(Generation& generation, ProcessContext& process);
// retire_generation calls Module::retire.
void retire_generation(Generation& generation);
// dismantle_some frees one piece of a generation that nobody refers to: false when only what is quickly destroyed is left.
bool dismantle_some(Generation& generation);

// write_reference prints the reference pages (directives, variables) of all known rows as Markdown: docs/reference/.
std::string render_directive_reference(const BuildInput& input);
// describe_module loads one .so and lists what it provides, one per line: "directive NAME", "balancer NAME", "trigger NAME", ...
// The module index is made of these lines at build time.
Result<std::string> describe_module(const std::string& path);
// render_module_index describes every .so in a directory: the text of its `index` file (core/module/module_index.h).
Result<std::string> render_module_index(const std::string& directory);

}  // namespace sluice
