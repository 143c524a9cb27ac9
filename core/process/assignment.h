// Assignment: what the master hands a child to build a generation from. It is the same for a start, a reload and a respawn.
#pragma once

#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/server/process_context.h>

#include "process/channel.h"
#include "process/configuration.h"
#include "process/snapshot.h"

namespace sluice {

struct Assignment {
  uint64_t generation_id = 0;
  BuildRole role = BuildRole::replay;
  bool commit_at_once = false;  // swap it in as soon as it is built: a respawn
  uint64_t worker_connections = 0;
  Snapshot snapshot;
  struct Socket {
    uint64_t id = 0;
    ListenSpec spec;
    Fd fd;
  };
  std::vector<Socket> sockets;
  std::vector<ZoneFile> zones;
  std::vector<LogFile> logs;
};

struct AssignmentOptions {
  BuildRole role = BuildRole::replay;
  bool commit_at_once = false;
  int worker = -1;  // whose sockets go along; -1: none
};

// send_assignment sends a letter `prepare`. The descriptors stay the caller's.
Result<void> send_assignment(Channel& channel, const Configuration& configuration, const AssignmentOptions& options);
Result<Assignment> read_assignment(Letter letter);

// What a child says of an assignment: prepared, serving or failed. It names the generation, for the master may have gone on to another
// one while the letter was under way.
struct Answer {
  uint64_t generation_id = 0;  // 0: the assignment could not be read
  std::string text;            // of failed: why
};
Result<void> send_answer(Channel& channel, LetterKind kind, const Answer& answer);
Answer read_answer(const Letter& letter);

// send_logs sends a letter `reopen` with the log files as they are now.
Result<void> send_logs(Channel& channel, const std::vector<std::shared_ptr<LogFile>>& logs);
Result<std::vector<LogFile>> read_logs(Letter letter);

}  // namespace sluice
