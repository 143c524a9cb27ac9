// ContentEncoding: what a module that encodes responses tells one that has encoded copies at hand (gzip_static). Offered as the provider
// of kind "content_encoding", by the coding's name.
#pragma once

#include <sluice/server/exchange.h>

namespace sluice {

struct ContentEncoding {
  // accepted: the request may be answered in this coding, as the location's directives have it.
  bool (*accepted)(Exchange& exchange);
  // vary tells caches that the answer depends on Accept-Encoding, if the location wants that.
  void (*vary)(Exchange& exchange);
};

}  // namespace sluice
