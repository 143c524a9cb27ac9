// Service: what a worker runs: listeners, client connections and the current generation. The one object the worker's main function
// talks to.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <sluice/event/event_loop.h>
#include <sluice/os/fd.h>
#include <sluice/server/generation.h>
#include <sluice/server/process_context.h>

#include "server/routing.h"

namespace sluice {

class Service {
 public:
  explicit Service(ProcessContext& process);
  ~Service();

  struct Listening {
    ListenSpec listen;
    std::shared_ptr<const HostTable> hosts;
    int fd = -1;   // listening socket, owned by the caller of adopt and open until it is replaced or the service ends
  };
  // adopt makes a generation current: new listeners start, gone ones stop, every next request of every connection means the new one.
  void adopt(std::shared_ptr<const Generation> generation, std::vector<Listening> listeners, uint64_t worker_connections);

  // drain accepts what waits in the listening sockets' queues and then no more, closes idle keep-alive connections and ends the others
  // after their current exchange.
  void drain();
  // drained: nothing is left to wait for.
  bool drained() const;
  void set_on_drained(std::function<void()> callback);
  // close_all ends every connection now.
  void close_all();

  size_t connections() const;
  // current_exchange_text describes what runs now, async-signal-safe, for the obituary: handler, method and target.
  static void describe_running(char* out, size_t bytes);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
