// Channel: one end of the line between the master and a child. Letters have a kind, bytes and any number of descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

enum class LetterKind : uint8_t {
  more,      // descriptors of the letter that follows
  // master to child
  prepare,   // an Assignment: build it, keep serving the old generation
  commit,    // swap the prepared generation in
  abandon,   // drop the prepared generation
  reopen,    // log files under their old paths: Assignment's logs
  // child to master, each an Answer
  prepared,
  failed,    // the assignment came to nothing
  serving,   // the generation is in effect
  // loader to master
  loaded,    // a LoadResult
};

struct Letter {
  LetterKind kind = LetterKind::more;
  std::string body;
  std::vector<Fd> fds;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(Fd fd) : fd_(std::move(fd)) {}

  struct Ends;
  // open makes both ends; the second one blocks.
  static Result<Ends> open();

  int fd() const { return fd_.get(); }
  int release() { return fd_.release(); }
  void set_non_blocking();
  // send fails when the other end is gone or, if this end does not block, takes no more: then the process there is not well.
  Result<void> send(LetterKind kind, std::string_view body = {}, std::span<const int> fds = {});
  // receive takes one whole letter; nothing when there is none yet. Errors: closed, bad_message.
  Result<std::optional<Letter>> receive();

 private:
  Fd fd_;
  std::vector<Fd> early_;  // descriptors of a letter whose end has not come yet
};

struct Channel::Ends {
  Channel master, child;
};

}  // namespace sluice
