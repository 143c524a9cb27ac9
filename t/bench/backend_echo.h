// The backend's WebSocket echo (RFC 6455): every frame comes back unmasked, fragments as fragments.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "backend_counts.h"
#include "tool.h"

namespace sluice::bench {

struct FrameHead;

class Echo final : public Watcher {
 public:
  // A longer frame ends its connection.
  static constexpr size_t kLongestPayload = size_t(1) << 20;

  // accept: takes over FD, which POLLER watches already, and answers the handshake in HEAD; EARLY is what arrived after
  // it. The echo owns itself until its connection ends.
  static void accept(Poller& poller, int fd, std::string_view head, std::string_view early, BackendCounts& counts);

  void on_event(uint32_t events) override;

 private:
  Echo(Poller& poller, int fd, BackendCounts& counts) : poller_(poller), fd_(fd), counts_(counts) {}

  bool read_all(bool to_the_end);
  bool take_next(std::span<char> bytes);
  bool take_kept();
  bool take(std::span<char>& bytes);
  bool answer(char* frame, const FrameHead& head);
  bool put(std::string_view bytes);
  bool flush();
  void end();

  Poller& poller_;
  int fd_;
  BackendCounts& counts_;
  std::string kept_;    // the beginning of a frame
  std::string unsent_;  // while there is some, nothing is read
};

}  // namespace sluice::bench
