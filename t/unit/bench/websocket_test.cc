#include "websocket.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace sluice::bench;

namespace {

uint32_t mask_of(const char (&bytes)[5]) {
  uint32_t mask;
  std::memcpy(&mask, bytes, sizeof mask);
  return mask;
}

std::string written(const FrameHead& head) {
  std::string text(head.bytes(), '\0');
  head.write(text.data());
  return text;
}

}  // namespace

TEST_CASE("the handshake's answer is RFC 6455's example") {
  CHECK(accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("frame heads are RFC 6455's examples") {
  FrameHead head;
  head.opcode = Opcode::kText;
  head.length = 5;
  CHECK(written(head) == "\x81\x05");
  head.masked = true;
  head.mask = mask_of("\x37\xfa\x21\x3d");
  CHECK(written(head) == "\x81\x85\x37\xfa\x21\x3d");
  head = {};
  head.length = 256;
  CHECK(written(head) == std::string("\x82\x7e\x01\x00", 4));
  head.length = 65536;
  CHECK(written(head) == std::string("\x82\x7f\0\0\0\0\0\x01\0\0", 10));
}

TEST_CASE("a head of any length is read as it was written, and not before it is whole") {
  for (const uint64_t length : {0ul, 1ul, 125ul, 126ul, 65535ul, 65536ul, 1ul << 40}) {
    for (const bool masked : {false, true}) {
      FrameHead head;
      head.final = length % 2 == 0;
      head.opcode = Opcode::kPing;
      head.masked = masked;
      head.mask = masked ? 0x12345678 : 0;
      head.length = length;
      const std::string text = written(head);
      REQUIRE(text.size() <= kLongestFrameHead);
      FrameHead read;
      for (size_t i = 0; i < text.size(); ++i) CHECK_FALSE(parse_frame_head(std::string_view(text).substr(0, i), read));
      REQUIRE(parse_frame_head(text + "payload", read));
      CHECK(read.final == head.final);
      CHECK(read.opcode == head.opcode);
      CHECK(read.masked == head.masked);
      CHECK(read.mask == head.mask);
      CHECK(read.length == head.length);
      CHECK(read.bytes() == text.size());
    }
  }
}

TEST_CASE("masking is RFC 6455's example and undoes itself at every length") {
  std::string hello = "Hello";
  apply_mask(hello.data(), hello.size(), mask_of("\x37\xfa\x21\x3d"));
  CHECK(hello == "\x7f\x9f\x4d\x51\x58");
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    apply_mask(text.data(), size, 0x01020304);
    for (size_t i = 0; i < size; ++i) CHECK(text[i] == char('a' ^ (0x01020304 >> (8 * (i % 4)) & 0xff)));
    apply_mask(text.data(), size, 0x01020304);
    CHECK(text == std::string(size, 'a'));
  }
}
