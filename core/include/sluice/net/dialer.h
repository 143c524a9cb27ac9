// dial: opens a connection.
#pragma once

#include <memory>

#include <sluice/base/error.h>
#include <sluice/event/task.h>
#include <sluice/net/stream.h>
#include <sluice/os/address.h>

namespace sluice {

// The own end of a connection.
struct LocalEnd {
  Address address;           // empty: the kernel chooses; port 0: the kernel chooses the port
  bool transparent = false;  // the address need not be one of this machine (IP_TRANSPARENT; needs CAP_NET_RAW)
};

struct DialOptions {
  const LocalEnd* local = nullptr;  // used during the call only
  bool keepalive = false;           // SO_KEEPALIVE
  int receive_bytes = 0;            // SO_RCVBUF; 0: the kernel's
  int send_bytes = 0;               // SO_SNDBUF
};

// dial connects to the address (TCP_NODELAY set). The connection is begun by the call itself; `address` need not outlive it. Errors,
// all retryable and the upstream's: connect_failed (text like nginx's: `connect() failed (111: Connection refused)`, or, when it
// failed at once, `connect() to unix:/path failed (2: No such file or directory)`; `bind(127.0.0.2) failed (...)`), timeout (`connect() timed out (110: ...)`). A
// Unix or loopback connection that is there at once does not suspend. `deadline` 0 waits as long as the kernel does.
SLUICE_API Task<Result<std::unique_ptr<Stream>>> dial(EventLoop& loop, const Address& address, Tick deadline, const DialOptions& options = {});

}  // namespace sluice
