// GzipConf: the values of this module for a block.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <sluice/http/media_types.h>
#include <sluice/http/message.h>
#include <sluice/server/regex.h>

namespace sluice {

// Bits of gzip_proxied.
enum GzipProxied : uint32_t {
  kProxiedOff = 1,
  kProxiedExpired = 2,
  kProxiedNoCache = 4,
  kProxiedNoStore = 8,
  kProxiedPrivate = 16,
  kProxiedNoLastModified = 32,
  kProxiedNoEtag = 64,
  kProxiedAuth = 128,
  kProxiedAny = 256,
};

struct GzipConf {
  bool gzip = false;
  bool vary = false;
  bool gunzip = false;
  bool disable_old_explorer = false;  // gzip_disable msie6
  int level = 1;
  HttpVersion http_version = HttpVersion::http11;
  uint32_t proxied = kProxiedOff;
  uint64_t min_length = 20;
  MediaTypes types;
  std::vector<std::shared_ptr<const Regex>> disabled_agents;
  uint64_t gunzip_max_size = uint64_t{1} << 30;
  uint64_t gunzip_max_ratio = 100;
};

}  // namespace sluice
