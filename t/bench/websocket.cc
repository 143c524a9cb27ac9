#include "websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>

namespace sluice::bench {

namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kTwoBytes = 126;
constexpr uint8_t kEightBytes = 127;

size_t length_bytes(uint64_t length) { return length < kTwoBytes ? 0 : length < 65536 ? 2 : 8; }

}  // namespace

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char encoded[4 * (SHA_DIGEST_LENGTH / 3 + 1) + 1];
  const int length = EVP_EncodeBlock(encoded, digest, SHA_DIGEST_LENGTH);
  return std::string(reinterpret_cast<const char*>(encoded), size_t(length));
}

size_t FrameHead::bytes() const { return 2 + length_bytes(length) + (masked ? 4 : 0); }

void FrameHead::write(char* to) const {
  const size_t extra = length_bytes(length);
  const uint8_t short_length = extra == 0 ? uint8_t(length) : extra == 2 ? kTwoBytes : kEightBytes;
  *to++ = char((final ? kFinal : 0) | uint8_t(opcode));
  *to++ = char((masked ? kMasked : 0) | short_length);
  for (size_t i = extra; i > 0; --i) *to++ = char(length >> (8 * (i - 1)));
  if (masked) std::memcpy(to, &mask, sizeof mask);
}

bool parse_frame_head(std::string_view bytes, FrameHead& head) {
  if (bytes.size() < 2) return false;
  const auto at = [&](size_t i) { return uint8_t(bytes[i]); };
  const uint8_t short_length = at(1) & 0x7f;
  const size_t extra = short_length == kTwoBytes ? 2 : short_length == kEightBytes ? 8 : 0;
  head.masked = (at(1) & kMasked) != 0;
  if (bytes.size() < 2 + extra + (head.masked ? 4 : 0)) return false;
  head.final = (at(0) & kFinal) != 0;
  head.opcode = Opcode(at(0) & 0x0f);
  head.length = extra == 0 ? short_length : 0;
  for (size_t i = 0; i < extra; ++i) head.length = head.length << 8 | at(2 + i);
  head.mask = 0;
  if (head.masked) std::memcpy(&head.mask, bytes.data() + 2 + extra, sizeof head.mask);
  return true;
}

void apply_mask(char* text, size_t size, uint32_t mask) {
  const uint64_t wide = uint64_t(mask) << 32 | mask;
  size_t i = 0;
  for (; i + sizeof wide <= size; i += sizeof wide) {
    uint64_t word;
    std::memcpy(&word, text + i, sizeof word);
    word ^= wide;
    std::memcpy(text + i, &word, sizeof word);
  }
  char bytes[sizeof mask];
  std::memcpy(bytes, &mask, sizeof mask);
  for (; i < size; ++i) text[i] = char(text[i] ^ bytes[i % sizeof mask]);
}

}  // namespace sluice::bench
