// LoadResult: the loader's answer: the snapshot, and what the master must have ready before others can build from it.
#pragma once

#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/shm/zone.h>

#include "module/build.h"
#include "process/channel.h"
#include "process/snapshot.h"
#include "process/wire.h"
#include "server/main_conf.h"
#include "server/routing.h"

namespace sluice {

struct LoadResult {
  std::string error;  // not empty: the configuration is refused; one line per error, the first one first, and nothing below counts
  Snapshot snapshot;
  MainConf main;
  std::vector<ListenSpec> listens;
  std::vector<ZoneSpec> zones;
  std::vector<std::string> log_paths;
  std::vector<std::string> warnings;
  std::vector<BuildOutput::File> config_files;  // only for -T
};

// send_load_result sends it as a letter `loaded`. The descriptors stay the caller's.
Result<void> send_load_result(Channel& channel, const LoadResult& result);
Result<LoadResult> read_load_result(Letter letter);

void put(WireWriter& writer, const ListenSpec& listen);
void put(WireWriter& writer, const ZoneSpec& zone);
ListenSpec get_listen(WireReader& reader);
ZoneSpec get_zone(WireReader& reader);

}  // namespace sluice
