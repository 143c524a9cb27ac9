#include "process/signal_answer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <sluice/base/clock.h>
#include <sluice/base/strings.h>

#include "process/slots.h"

namespace sluice {

namespace {

constexpr size_t kMaxAnswerBytes = 64 * 1024;

// An abstract name: no file, gone with its socket.
socklen_t answer_address(pid_t signaller, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  std::string name = concat("sluice-signal-", signaller);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

}  // namespace

void answer_signal(pid_t signaller, SignalAnswer answer, std::string_view text) {
  if (signaller <= 0) return;
  Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address;
  socklen_t length = answer_address(signaller, address);
  std::string bytes(1, static_cast<char>(answer));
  bytes.append(text.substr(0, kMaxAnswerBytes - 1));
  sendto(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length);
}

Result<AnswerSocket> AnswerSocket::open() {
  Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return os_error("socket()", errno);
  int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  sockaddr_un address;
  socklen_t length = answer_address(getpid(), address);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) return os_error("bind()", errno);
  return AnswerSocket(std::move(fd));
}

Result<AnswerSocket::Answer> AnswerSocket::wait(pid_t from, int process_fd, int timeout_ms) {
  Tick deadline = monotonic_now() + static_cast<Tick>(timeout_ms);
  for (;;) {
    Answer answer{};
    if (receive(from, answer)) return answer;
    Tick now = monotonic_now();
    if (now >= deadline) return Error(ErrorKind::timeout, "no answer");
    pollfd fds[] = {{fd_.get(), POLLIN, 0}, {process_fd, POLLIN, 0}};
    poll(fds, process_fd >= 0 ? 2 : 1, static_cast<int>(deadline - now));
    bool ended = process_fd >= 0 && (fds[1].revents & POLLIN) != 0;
    if (ended && !receive(from, answer)) return Error(ErrorKind::closed, "the master process has ended");
    if (ended) return answer;
  }
}

// Takes one datagram of that process; drops those of others.
bool AnswerSocket::receive(pid_t from, Answer& answer) {
  std::string buffer(kMaxAnswerBytes, '\0');
  for (;;) {
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    msghdr header = {};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t n = recvmsg(fd_.get(), &header, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    ucred sender = {};
    cmsghdr* first = CMSG_FIRSTHDR(&header);
    if (first != nullptr && first->cmsg_type == SCM_CREDENTIALS) std::memcpy(&sender, CMSG_DATA(first), sizeof sender);
    if (n == 0 || sender.pid != from) continue;
    answer.kind = static_cast<SignalAnswer>(buffer[0]);
    answer.text = buffer.substr(1, static_cast<size_t>(n) - 1);
    return true;
  }
}

}  // namespace sluice
