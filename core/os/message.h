// Messages between our processes: bytes and descriptors over a pair of Unix sockets (SOCK_SEQPACKET), one packet per message.
//
//   packet = size of the payload (8 bytes, host order) + payload             up to kInlineBytes
//   packet = size of the payload, descriptor 0 = sealed memory file of it    above
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

inline constexpr size_t kMaxMessageFds = 250;  // the kernel's limit is 253 and a large payload takes one
inline constexpr size_t kMaxInlineBytes = 32768;
inline constexpr size_t kMaxMessageBytes = size_t(256) << 20;

struct Message {
  std::string bytes;
  std::vector<Fd> fds;  // close-on-exec
};

struct MessagePair {
  Fd first, second;
};

// message_pair makes the two ends, blocking and close-on-exec.
Result<MessagePair> message_pair();

// send_message sends one message whole. The descriptors stay the caller's. Errors: too_large (more than kMaxMessageFds or
// kMaxMessageBytes), unavailable and retryable when a non-blocking socket is full, closed when the other end is gone.
Result<void> send_message(int fd, std::string_view bytes, std::span<const int> fds = {});

// receive_message takes one message. Errors: closed when the other end is gone, unavailable and retryable when a non-blocking socket
// has none, bad_message when the packet breaks the form above.
Result<Message> receive_message(int fd);

}  // namespace sluice
