#include "os/message.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "os/memfd.h"

namespace sluice {

namespace {

constexpr size_t kKernelFds = kMaxMessageFds + 1;

union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(kKernelFds * sizeof(int))];
};

Error socket_error(std::string_view call, int errno_value) {
  if (errno_value == EAGAIN || errno_value == EWOULDBLOCK) {
    Error error = os_error(call, errno_value, ErrorKind::unavailable);
    error.retryable = true;
    return error;
  }
  bool gone = errno_value == EPIPE || errno_value == ECONNRESET || errno_value == ENOTCONN;
  return os_error(call, errno_value, gone ? ErrorKind::closed : ErrorKind::io);
}

void attach(msghdr& header, Control& control, std::span<const int> fds) {
  if (fds.empty()) return;
  header.msg_control = control.bytes;
  header.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
}

Result<void> send_packet(int fd, uint64_t size, std::string_view bytes, std::span<const int> fds) {
  iovec parts[2] = {{&size, sizeof size}, {const_cast<char*>(bytes.data()), bytes.size()}};
  msghdr header = {};
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  Control control = {};
  attach(header, control, fds);
  ssize_t sent;
  do {
    sent = sendmsg(fd, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return socket_error("sendmsg()", errno);
  return {};
}

std::vector<Fd> take_fds(msghdr& header) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

Result<std::string> read_payload_file(int fd, uint64_t size) {
  struct stat status;
  bool good = is_sealed(fd) && fstat(fd, &status) == 0 && static_cast<uint64_t>(status.st_size) == size;
  if (!good)
    return Error(ErrorKind::bad_message, "the memory file of a message is not sealed or has the wrong size");
  TRY_ASSIGN(ReadOnlyMapping mapping, ReadOnlyMapping::map(fd));
  return std::string(mapping.bytes());
}

}  // namespace

Result<MessagePair> message_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return os_error("socketpair()", errno);
  return MessagePair{Fd(ends[0]), Fd(ends[1])};
}

Result<void> send_message(int fd, std::string_view bytes, std::span<const int> fds) {
  if (fds.size() > kMaxMessageFds) return Error(ErrorKind::too_large, "too many descriptors in a message");
  if (bytes.size() > kMaxMessageBytes) return Error(ErrorKind::too_large, "message too large");
  if (bytes.size() <= kMaxInlineBytes) return send_packet(fd, bytes.size(), bytes, fds);
  TRY_ASSIGN(Fd payload, sealed_memory_file("sluice message", bytes));
  std::vector<int> all{payload.get()};
  all.insert(all.end(), fds.begin(), fds.end());
  return send_packet(fd, bytes.size(), {}, all);
}

Result<Message> receive_message(int fd) {
  uint64_t size = 0;
  char buffer[kMaxInlineBytes];
  iovec parts[2] = {{&size, sizeof size}, {buffer, sizeof buffer}};
  msghdr header = {};
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  Control control;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  ssize_t received;
  do {
    received = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return socket_error("recvmsg()", errno);
  Message message;
  message.fds = take_fds(header);
  if (received == 0) return Error(ErrorKind::closed, "the other process closed its end");
  auto inline_bytes = static_cast<size_t>(received) - sizeof size;
  bool whole =
      static_cast<size_t>(received) >= sizeof size && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  bool in_file = whole && inline_bytes == 0 && size > kMaxInlineBytes && size <= kMaxMessageBytes &&
                 !message.fds.empty();
  if (!whole || (!in_file && size != inline_bytes)) return Error(ErrorKind::bad_message, "malformed message");
  if (!in_file) {
    message.bytes.assign(buffer, inline_bytes);
    return message;
  }
  TRY_ASSIGN(message.bytes, read_payload_file(message.fds.front().get(), size));
  message.fds.erase(message.fds.begin());
  return message;
}

}  // namespace sluice
