// LimitConf: the values of this module for a block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sluice/conf/tree.h>
#include <sluice/log/log.h>

namespace sluice {

// A line of limit_req or limit_conn; the zone may be defined further down.
struct ZoneUse {
  std::string zone;
  ConfigPlace place;
};

struct RequestLimit : ZoneUse {
  uint64_t burst = 0;             // thousandths
  uint64_t delay_from = 0;        // thousandths: what exceeds less than this is not delayed; UINT64_MAX: nodelay
};

struct ConnectionLimit : ZoneUse {
  uint64_t most = 0;
};

struct LimitBehaviour {
  int status = 503;
  LogLevel level = LogLevel::error;
  bool dry_run = false;
};

struct LimitConf {
  std::vector<RequestLimit> requests;
  std::vector<ConnectionLimit> connections;
  LimitBehaviour request;
  LimitBehaviour connection;
};

}  // namespace sluice
