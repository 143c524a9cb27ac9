// Configuration: what the master holds for one snapshot: the snapshot itself, open listening sockets, zones and log files.
//
// A reload makes the next one beside the running one, taking over what both have, and then drops one of the two: so a failed reload
// leaves nothing, and a good one closes exactly what is gone. What both have is held by shared_ptr, because either may be the last.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

#include "os/privileges.h"
#include "process/channel.h"
#include "process/load_result.h"
#include "process/options.h"
#include "server/main_conf.h"

namespace sluice {

// One listening socket: one per worker and address (SO_REUSEPORT), or one for all of a Unix address, whose path goes with it.
class ListeningSocket {
 public:
  ListeningSocket(uint64_t its_id, ListenSpec its_spec, int its_worker, Fd its_fd)
      : id(its_id), spec(std::move(its_spec)), worker(its_worker), fd(std::move(its_fd)) {}
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;

  static constexpr int kEveryWorker = -1;
  const uint64_t id;       // never used again: workers know by it a socket that they have already
  const ListenSpec spec;
  const int worker;        // index, or kEveryWorker
  const Fd fd;
};

struct ZoneFile {
  ZoneSpec spec;
  Fd fd;
};

struct LogFile {
  std::string path;
  Fd fd;  // keeps its number when the file is reopened
};

struct Configuration {
  uint64_t generation_id = 0;
  MainConf main;
  std::shared_ptr<Snapshot> snapshot;
  std::vector<std::shared_ptr<ListeningSocket>> sockets;
  bool steers = true;  // no other process has sockets in our SO_REUSEPORT groups, so their order is known
  std::vector<std::shared_ptr<ZoneFile>> zones;
  std::vector<std::shared_ptr<LogFile>> logs;
};

// make_configuration opens what `loaded` asks for and `running` (may be null) does not have. Errors: nginx's, of the first thing that
// cannot be opened (`bind() to 0.0.0.0:80 failed (98: Address already in use)`). `next_socket_id` is counted up.
// An address in use is refused, although SO_REUSEPORT would share it, unless `predecessor_died`: then a master that was killed has
// left workers that still serve, and this one takes the address over.
struct OpenContext {
  const Configuration* running = nullptr;
  uint64_t* next_socket_id = nullptr;
  bool predecessor_died = false;
};
Result<Configuration> make_configuration(LoadResult loaded, uint64_t generation_id, const OpenContext& context);

// steer_to_workers makes the kernel give new connections to the sockets of the first `workers` workers alone; 0: to all.
void steer_to_workers(const Configuration& configuration, int workers);

// use_error_logs makes the process's log write to the main-level error_log files. `log_fd` finds a descriptor by path.
void use_error_logs(const Options& options, const MainConf& main, const std::function<int(const std::string&)>& log_fd);
// main_log_paths lists the absolute paths of the main-level error_log files.
std::vector<std::string> main_log_paths(const Options& options, const MainConf& main);

// reopen_logs opens every path again under the same descriptor number. A file that cannot be opened keeps its old one; the first
// error is returned.
Result<void> reopen_logs(const std::vector<std::shared_ptr<LogFile>>& logs);

// check_logs tries to open every log file, as -t does.
Result<void> check_logs(const std::vector<std::string>& paths);

// workers_user finds the user and group of the `user` directive, nobody and nogroup without one. Errors: config, in nginx's words.
Result<UserIds> workers_user(const MainConf& main);

}  // namespace sluice
