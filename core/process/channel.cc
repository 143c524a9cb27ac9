#include "process/channel.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>

#include "os/message.h"

namespace sluice {

Result<Channel::Ends> Channel::open() {
  TRY_ASSIGN(MessagePair pair, message_pair());
  return Ends{Channel(std::move(pair.first)), Channel(std::move(pair.second))};
}

void Channel::set_non_blocking() { fcntl(fd(), F_SETFL, fcntl(fd(), F_GETFL) | O_NONBLOCK); }

Result<void> Channel::send(LetterKind kind, std::string_view body, std::span<const int> fds) {
  const char more = static_cast<char>(LetterKind::more);
  while (fds.size() > kMaxMessageFds) {
    TRY(send_message(fd(), std::string_view(&more, 1), fds.first(kMaxMessageFds)));
    fds = fds.subspan(kMaxMessageFds);
  }
  std::string bytes(1, static_cast<char>(kind));
  bytes.append(body);
  return send_message(fd(), bytes, fds);
}

Result<std::optional<Letter>> Channel::receive() {
  for (;;) {
    auto message = receive_message(fd());
    if (!message && message.error().kind == ErrorKind::unavailable) return std::optional<Letter>();
    if (!message) return std::move(message.error());
    if (message->bytes.empty()) return Error(ErrorKind::bad_message, "empty letter");
    std::move(message->fds.begin(), message->fds.end(), std::back_inserter(early_));
    auto kind = static_cast<LetterKind>(message->bytes[0]);
    if (kind == LetterKind::more) continue;
    return std::optional<Letter>(Letter{kind, message->bytes.substr(1), std::exchange(early_, {})});
  }
}

}  // namespace sluice
