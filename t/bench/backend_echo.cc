#include "backend_echo.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "head.h"
#include "websocket.h"

namespace sluice::bench {

namespace {

constexpr uint32_t kEnding = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

char scratch[kScratchBytes];

}  // namespace

void Echo::accept(Poller& poller, int fd, std::string_view head, std::string_view early, BackendCounts& counts) {
  Echo* const echo = new Echo(poller, fd, counts);  // owns itself until it retires
  poller.rewatch(fd, *echo);
  std::string first(early);
  if (!echo->put("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: " + accept_of(field(head, "Sec-WebSocket-Key")) + "\r\n\r\n") ||
      !echo->take_next(first))
    echo->end();
}

// A stuck echo reads nothing: what its socket says meanwhile is found by reading to the end afterwards.
void Echo::on_event(uint32_t events) {
  if (fd_ < 0) return;
  const bool was_stuck = !unsent_.empty();
  if (was_stuck && (events & EPOLLOUT) == 0) return;
  if (was_stuck && !flush()) return end();
  if (was_stuck && !take_kept()) return end();
  if ((was_stuck || (events & ~uint32_t(EPOLLOUT)) != 0) && !read_all(was_stuck || (events & kEnding) != 0)) end();
}

// read_all: answers what arrived. False when the connection is to be closed.
bool Echo::read_all(bool to_the_end) {
  while (unsent_.empty()) {
    const ssize_t got = recv(fd_, scratch, sizeof scratch, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0 || !take_next({scratch, size_t(got)})) return false;
    if (size_t(got) < sizeof scratch && !to_the_end) return true;
  }
  return true;
}

// take_next: BYTES follow what was kept. Frames that arrive whole, as short ones do, are answered where they lie.
bool Echo::take_next(std::span<char> bytes) {
  if (!kept_.empty()) {
    kept_.append(bytes.data(), bytes.size());
    return take_kept();
  }
  if (!take(bytes)) return false;
  kept_.assign(bytes.data(), bytes.size());
  return true;
}

bool Echo::take_kept() {
  std::span<char> rest(kept_);
  if (!take(rest)) return false;
  kept_.erase(0, kept_.size() - rest.size());
  return true;
}

// take: answers each whole frame in place, as long as the answers can be sent; BYTES are the rest then.
bool Echo::take(std::span<char>& bytes) {
  FrameHead head;
  while (unsent_.empty() && parse_frame_head({bytes.data(), bytes.size()}, head)) {
    if (head.length > kLongestPayload || !head.masked) return false;
    const size_t whole = head.bytes() + size_t(head.length);
    if (bytes.size() < whole) break;
    if (!answer(bytes.data(), head)) return false;
    bytes = bytes.subspan(whole);
  }
  return true;
}

// answer: FRAME becomes its own echo: the head without a mask is four bytes shorter and ends where the payload begins.
bool Echo::answer(char* frame, const FrameHead& head) {
  char* const payload = frame + head.bytes();
  apply_mask(payload, size_t(head.length), head.mask);
  FrameHead own = head;
  own.masked = false;
  if (head.opcode == Opcode::kPing) own.opcode = Opcode::kPong;
  char* const begin = payload - own.bytes();
  own.write(begin);
  if (head.final && uint8_t(head.opcode) < uint8_t(Opcode::kClose)) ++counts_.ws_messages;
  return put({begin, own.bytes() + size_t(head.length)}) && head.opcode != Opcode::kClose;
}

bool Echo::put(std::string_view bytes) {
  const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  unsent_ = bytes.substr(sent < 0 ? 0 : size_t(sent));
  return true;
}

bool Echo::flush() {
  const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  unsent_.erase(0, size_t(sent));
  return true;
}

void Echo::end() {
  close(fd_);
  fd_ = -1;
  poller_.retire(this);
}

}  // namespace sluice::bench
