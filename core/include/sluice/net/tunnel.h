// relay: two streams become one pipe, in both directions at once, until both sides have said that they are done. For what follows
// a 101 (WebSocket) or a CONNECT: nothing is parsed.
#pragma once

#include <cstdint>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/event/task.h>
#include <sluice/net/stream.h>

namespace sluice {

struct TunnelEnd {
  uint64_t a_to_b = 0;  // bytes
  uint64_t b_to_a = 0;
};

// relay forwards bytes as they come: read into the scratch, sent at once; only what the kernel refuses is copied, and that
// direction is not read again until it is gone. EOF of one side becomes a FIN to the other (half-close); the relay ends when both
// directions have ended. Errors: timeout when neither direction moved a byte for idle_timeout (0: never); reset when either side
// broke, its text starting with "a: " or "b: " for the side. The counts of a failed relay: the streams' bytes_read/bytes_written.
// The streams are not closed; their observers are the relay's while it runs and are put back after it. REQUIRES: no task waits in
// either stream, both outlive the task.
SLUICE_API Task<Result<TunnelEnd>> relay(Stream& a, Stream& b, Milliseconds idle_timeout);

}  // namespace sluice
