// splice_bytes: bytes go from one stream to another without being looked at: for the long rest of a body.
//
// They pass through a pipe inside the kernel (socket -> pipe -> socket), which moves references to pages and copies nothing. A
// pipe costs two descriptors and is kept for the thread's next body. Where there is none to be had (too many bodies at once, no
// descriptors, the user's limit of pipe pages) or a stream is not a plain socket, the same bytes are copied through the scratch:
// the caller sees no difference.
//
//     from --splice--> [pipe: 256 KB] --splice--> to        read again only when the pipe is empty: that is the back-pressure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <sluice/base/error.h>
#include <sluice/event/task.h>
#include <sluice/net/stream.h>

namespace sluice {

// From so many bytes on the pipe pays for itself.
inline constexpr uint64_t kSpliceFrom = 64 * 1024;

struct SpliceOptions {
  Milliseconds read_timeout{0};   // between two successive reads; 0: waits for ever
  Milliseconds write_timeout{0};  // between two successive writes that make progress
  Milliseconds slow_after{0};     // a target that needs longer for what fits into the pipe ends it; 0: it may take its time
  uint64_t* moved = nullptr;      // what `to` took is added when the task ends, and also when it is cancelled
};

struct Spliced {
  enum class End : uint8_t {
    complete,       // at_most bytes are through
    source_ended,   // EOF; everything read before is through
    source_failed,  // timeout, reset; everything read before is through, so after a timeout it can be called again
    target_failed,  // timeout, reset; what the target got is unknown
    target_slow,    // see slow_after; what was read and is not through is in `rest`
  };
  End end = End::complete;
  uint64_t bytes = 0;  // that the target's socket took
  Error error;         // of a failed end
  std::string rest;    // of a slow target: the bytes that come next
};

// splice_bytes passes on up to at_most bytes (UINT64_MAX: until EOF) as they come. Both streams count them. Others get a turn of the
// loop after every Stream::kBurstBytes. Cancelling it (destroying the task) may lose bytes between the streams: then close both.
// REQUIRES: no task reads `from` or writes `to` meanwhile; both outlive the task, as does *options.moved.
Task<Spliced> splice_bytes(Stream& from, Stream& to, uint64_t at_most, SpliceOptions options);

// idle_pipes is how many empty pipes this thread keeps; for tests and for who counts descriptors.
size_t idle_pipes();

}  // namespace sluice
