#include "http/chunked.h"

#include <catch2/catch.hpp>

#include <string>

using namespace sluice;
using namespace std::string_literals;
using Event = ChunkedDecoder::Event;

namespace {

struct Decoded {
  Event last = Event::need_more;
  std::string body;
  size_t consumed = 0;
  int status = 0;
};

// Feeds the text in pieces of `step` bytes until the decoder is done, refuses, or the text ends.
Decoded decode(const std::string& text, size_t step, Headers* trailers = nullptr, const ChunkedLimits& limits = {}) {
  static thread_local Arena arena;
  ChunkedDecoder decoder(limits, arena, trailers);
  Decoded out;
  for (size_t at = 0; at < text.size(); at += step) {
    std::string_view piece = std::string_view(text).substr(at, step);
    for (;;) {
      const ChunkedDecoder::Step now = decoder.next(piece);
      out.last = now.event;
      out.consumed += now.consumed;
      out.body += now.data;
      out.status = now.refusal.status;
      piece.remove_prefix(now.consumed);
      if (now.event == Event::need_more) break;
      if (now.event != Event::data) return out;
    }
  }
  return out;
}

const size_t kSteps[] = {1, 2, 5, 1u << 20};

}  // namespace

TEST_CASE("chunks are joined however they arrive and nothing after the end is consumed") {
  const std::string message = "5\r\nhello\r\n6;a=b;c=\"q;\\\" x\"\r\n world\r\n0aBc\r\n" + std::string(0xabc, 'x') + "\r\n000\r\n\r\n";
  for (size_t step : kSteps) {
    CAPTURE(step);
    const Decoded d = decode(message + "GET / HTTP/1.1", step);
    CHECK(d.last == Event::done);
    CHECK(d.body == "hello world" + std::string(0xabc, 'x'));
    CHECK(d.consumed == message.size());
  }
}

TEST_CASE("malformed chunk sizes are refused (S-H1-07)") {
  for (const char* size : {"0x5", "+5", "-1", " 5", "5 ", "5_", "", "00000000000000005", "ffffffffffffffff1", "8000000000000000",
                           "ffffffffffffffff", "g", "\t5", "5\t"}) {
    for (size_t step : kSteps) {
      CAPTURE(size, step);
      CHECK(decode(size + "\r\nhello\r\n0\r\n\r\n"s, step).status == 400);
    }
  }
  CHECK(decode("5\nhello\r\n0\r\n\r\n", 1).status == 400);
  CHECK(decode("5\rhello\r\n0\r\n\r\n", 1).status == 400);
  CHECK(decode("7fffffffffffffff\r\nx", 1).body == "x");
  CHECK(decode("A\r\n0123456789\r\n0\r\n\r\n", 1).last == Event::done);
}

TEST_CASE("malformed chunk extensions are refused (S-H1-08)") {
  for (const std::string& extension :
       {";"s, ";\n"s, ";;"s, ";a="s, ";a=\"\r\n\""s, ";a=\"\n\""s, ";a=\"x"s, ";\0"s, ";a=\"\0\""s, ";a b"s, "; a"s, " ;a"s,
        ";a=\"x\"y"s, ";a=\"\\\r\""s, ";a=b=c"s}) {
    CAPTURE(extension);
    CHECK(decode("5" + extension + "\r\nhello\r\n0\r\n\r\n", 1).status == 400);
  }
}

TEST_CASE("chunk extensions are limited over a whole message") {
  ChunkedLimits limits;
  limits.extension_bytes = 10;
  CHECK(decode("1;" + std::string(9, 'a') + "\r\nx\r\n0\r\n\r\n", 1, nullptr, limits).last == Event::done);
  CHECK(decode("1;" + std::string(10, 'a') + "\r\nx\r\n0\r\n\r\n", 1, nullptr, limits).status == 431);
  CHECK(decode("1;aaaa\r\nx\r\n1;aaaa\r\nx\r\n0\r\n\r\n", 1, nullptr, limits).last == Event::done);
  CHECK(decode("1;aaaa\r\nx\r\n1;aaaaa\r\nx\r\n0\r\n\r\n", 1, nullptr, limits).status == 431);
  CHECK(decode("1;a=\"" + std::string(20, ';') + "\"\r\nx\r\n0\r\n\r\n", 1, nullptr, limits).status == 431);
}

TEST_CASE("chunk data ends in CRLF where its size says (S-H1-09)") {
  for (const char* text : {"5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhelloXX\r\n0\r\n\r\n", "5\r\nhello\rX", "0\r\n\n",
                           "0\r\n\rX", "0\rX"}) {
    for (size_t step : kSteps) {
      CAPTURE(text, step);
      CHECK(decode(text, step).status == 400);
    }
  }
  CHECK(decode("5\r\nhel", 1).last == Event::need_more);
  CHECK(decode("5\r\nhello", 99).last == Event::need_more);
  CHECK(decode("0\r\n", 1).last == Event::need_more);
  CHECK(decode("0\r\n\r", 1).last == Event::need_more);
}

TEST_CASE("trailers are collected and those that could change anything are dropped (S-H1-10)") {
  for (size_t step : kSteps) {
    Arena arena;
    Headers trailers(arena);
    const Decoded d = decode(
        "0\r\nDigest: abc\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: x\r\nAuthorization: x\r\nCookie: x\r\n"
        "X-Forwarded-For: x\r\nETag: \"1\"\r\nX_Y: 1\r\ngrpc-status: 0\r\n\r\nrest",
        step, &trailers);
    CHECK(d.last == Event::done);
    CHECK(trailers.size() == 3);
    CHECK(trailers.find("digest")->value() == "abc");
    CHECK(trailers.find("grpc-status")->value() == "0");
    CHECK(trailers.has(HeaderId::etag));
  }
}

TEST_CASE("malformed trailers are refused with or without a place for them") {
  for (const std::string& trailer : {":path: /"s, "a b: 1"s, "A : 1"s, " A: 1"s, "A: 1\n"s, "A: \0"s, "A"s, "A: 1\r\n b"s, "A: \r1"s}) {
    CAPTURE(trailer);
    CHECK(decode("0\r\n" + trailer + "\r\n\r\n", 1).status == 400);
  }
}

TEST_CASE("trailers are limited in number and size") {
  ChunkedLimits limits;
  limits.max_trailers = 2;
  limits.trailer_bytes = 40;
  CHECK(decode("0\r\nA: 1\r\nB: 1\r\n\r\n", 1, nullptr, limits).last == Event::done);
  CHECK(decode("0\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n", 1, nullptr, limits).status == 431);
  CHECK(decode("0\r\nA: " + std::string(33, 'x') + "\r\n\r\n", 1, nullptr, limits).last == Event::done);
  CHECK(decode("0\r\nA: " + std::string(34, 'x') + "\r\n\r\n", 1, nullptr, limits).status == 431);
  CHECK(decode("0\r\nA: " + std::string(65536, 'x'), 1).status == 431);
}

TEST_CASE("trailers that are too large by their last byte are refused, not done") {
  Arena arena;
  ChunkedLimits limits;
  limits.trailer_bytes = 40;
  ChunkedDecoder decoder(limits, arena);
  CHECK(decoder.next("0\r\nA: " + std::string(34, 'x') + "\r\n\r\n").event == Event::refused);
  CHECK_FALSE(decoder.done());
}

TEST_CASE("a done decoder stays done and consumes nothing") {
  Arena arena;
  ChunkedDecoder decoder({}, arena);
  CHECK(decoder.next("0\r\n\r\nrest").consumed == 5);
  CHECK(decoder.next("rest").event == Event::done);
  CHECK(decoder.next("rest").consumed == 0);
}

TEST_CASE("chunk headers are the shortest hexadecimal form") {
  const auto encode = [](uint64_t size) {
    char out[20];
    return std::string(out, encode_chunk_header(size, out));
  };
  CHECK(encode(0) == "0\r\n");
  CHECK(encode(15) == "f\r\n");
  CHECK(encode(16) == "10\r\n");
  CHECK(encode(0x1a2b) == "1a2b\r\n");
  CHECK(encode(UINT64_MAX) == "ffffffffffffffff\r\n");
}
