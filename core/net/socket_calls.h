// The socket calls of the data path, made directly. In a process with threads glibc's own are cancellation points: an atomic
// exchange before and after each, for a way to end threads that this program does not use.
//
// All return what the call returns (-1 with errno) and begin again after EINTR.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace sluice {

template <class... Arguments>
ssize_t call_kernel(long number, Arguments... arguments) {
  ssize_t n;
  do {
    n = ::syscall(number, arguments...);
  } while (n < 0 && errno == EINTR);
  return n;
}

inline ssize_t receive_bytes(int fd, void* into, size_t bytes) {
  return call_kernel(SYS_recvfrom, fd, into, bytes, 0L, nullptr, nullptr);
}

inline ssize_t send_bytes(int fd, const void* from, size_t bytes) {
  return call_kernel(SYS_sendto, fd, from, bytes, static_cast<long>(MSG_NOSIGNAL), nullptr, 0L);
}

inline ssize_t send_parts(int fd, const iovec* parts, int count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return call_kernel(SYS_sendmsg, fd, &message, static_cast<long>(MSG_NOSIGNAL));
}

// One of the two is a pipe. A broken socket raises SIGPIPE here, whatever the flags: the process must ignore that.
inline ssize_t splice_bytes_between(int from, int to, size_t bytes) {
  return call_kernel(SYS_splice, from, nullptr, to, nullptr, bytes, static_cast<unsigned long>(SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

inline ssize_t send_file_bytes(int fd, int file, off_t* offset, size_t bytes) {
  return call_kernel(SYS_sendfile, fd, file, offset, bytes);
}

}  // namespace sluice
