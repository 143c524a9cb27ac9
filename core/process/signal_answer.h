// Signal answers: `sluice -s reload` learns how the reload went, although a signal says nothing back.
//
//   signaller                                   master
//   binds the datagram socket @sluice-signal-<its pid>
//   kill(HUP) --------------------------------> learns the sender's pid from the signal
//   <------------------------------------------ "accepted"      (none within a moment: the signal merged with another one, again)
//   <------------------------------------------ "done", or "failed" and the reason
//
// The kernel vouches for who sent a datagram (SCM_CREDENTIALS); the signaller believes the master alone.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

enum class SignalAnswer : char { accepted = 'a', done = 'd', failed = 'f' };

// answer_signal sends an answer to the process that sent a signal; it is lost when nobody listens there.
void answer_signal(pid_t signaller, SignalAnswer answer, std::string_view text = {});

class AnswerSocket {
 public:
  static Result<AnswerSocket> open();

  struct Answer {
    SignalAnswer kind;
    std::string text;
  };
  // wait gives the next answer of the process `from`. Errors: timeout; closed when that process has ended.
  Result<Answer> wait(pid_t from, int process_fd, int timeout_ms);

 private:
  explicit AnswerSocket(Fd fd) : fd_(std::move(fd)) {}
  bool receive(pid_t from, Answer& answer);
  Fd fd_;
};

}  // namespace sluice
