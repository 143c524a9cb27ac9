// The parts of RFC 6455 that an echo needs: the handshake's answer, and frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

// accept_of: the Sec-WebSocket-Accept that answers KEY (section 4.2.2).
std::string accept_of(std::string_view key);

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

inline constexpr size_t kLongestFrameHead = 14;

// A frame's head (section 5.2).
struct FrameHead {
  bool final = true;
  bool masked = false;
  Opcode opcode = Opcode::kBinary;
  uint32_t mask = 0;  // its four bytes as they are in memory
  uint64_t length = 0;

  // bytes: the length of the head itself.
  size_t bytes() const;

  // write: the head at TO, which has room for bytes().
  void write(char* to) const;
};

// parse_frame_head: whether BYTES begin with a whole head, which is HEAD then. Nothing is checked.
bool parse_frame_head(std::string_view bytes, FrameHead& head);

// apply_mask: masks or unmasks the SIZE bytes of a payload at TEXT, of which the first is masked with the first of MASK.
void apply_mask(char* text, size_t size, uint32_t mask);

}  // namespace sluice::bench
