// dial: opens a connection.
#pragma once

#include <memory>

#include <sluice/base/error.h>
#include <sluice/event/task.h>
#include <sluice/net/stream.h>
#include <sluice/os/address.h>

namespace sluice {

// dial connects to the address (TCP_NODELAY set). Errors: connect_failed (text like nginx's: `connect() failed (111: Connection
// refused)`), timeout. A Unix or loopback connection that is there at once does not suspend.
SLUICE_API Task<Result<std::unique_ptr<Stream>>> dial(EventLoop& loop, const Address& address, Tick deadline);

}  // namespace sluice
