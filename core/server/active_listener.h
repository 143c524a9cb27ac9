// ActiveListener: a listening address as this process serves it, with the generation that its connections' next requests mean.
#pragma once

#include <memory>

#include <sluice/server/generation.h>

#include "server/routing.h"

namespace sluice {

struct ActiveListener {
  ListenSpec listen;
  std::shared_ptr<const Generation> generation;
  std::shared_ptr<const HostTable> hosts;   // belongs to `generation`
  bool removed = false;                     // a reload dropped the address: its connections end after their exchange
};

}  // namespace sluice
