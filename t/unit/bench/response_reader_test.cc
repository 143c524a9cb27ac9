#include "response_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>

using sluice::bench::ResponseReader;

namespace {

// feed: BYTES in pieces of PIECE; the body as it came out. What is left over after the response stays unread.
std::string feed(ResponseReader& reader, std::string_view bytes, size_t piece) {
  std::string body;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    std::string_view part = bytes.substr(0, piece);
    while (!part.empty() && !reader.done() && !reader.broken()) body += reader.take(part);
  }
  return body;
}

}  // namespace

TEST_CASE("a body of known length is read in pieces of any size") {
  constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 11\r\n\r\nhello world";
  for (size_t piece = 1; piece <= kResponse.size(); ++piece) {
    ResponseReader reader;
    INFO(piece);
    CHECK(feed(reader, kResponse, piece) == "hello world");
    CHECK(reader.done());
    CHECK(reader.status() == 200);
    CHECK(reader.body_bytes() == 11);
    CHECK_FALSE(reader.closes());
  }
}

TEST_CASE("a chunked body is read in pieces of any size, with extensions and trailers") {
  constexpr std::string_view kResponse =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX: y\r\n\r\n";
  for (size_t piece = 1; piece <= kResponse.size(); ++piece) {
    ResponseReader reader;
    INFO(piece);
    CHECK(feed(reader, kResponse, piece) == "hello world");
    CHECK(reader.done());
  }
}

TEST_CASE("one response ends where the next begins") {
  ResponseReader reader;
  std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
  while (!reader.done()) reader.take(bytes);
  CHECK(reader.body_bytes() == 2);
  reader.begin();
  while (!reader.done()) reader.take(bytes);
  CHECK(bytes.empty());
  CHECK(reader.status() == 404);
  CHECK(reader.body_bytes() == 0);
}

TEST_CASE("interim responses are passed over") {
  ResponseReader reader;
  CHECK(feed(reader, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 7).empty());
  CHECK(reader.done());
  CHECK(reader.status() == 204);
}

TEST_CASE("a response without a length is complete at the end of its connection only") {
  ResponseReader reader;
  CHECK(feed(reader, "HTTP/1.1 200 OK\r\n\r\nsome", 100) == "some");
  CHECK_FALSE(reader.done());
  CHECK(reader.closes());
  CHECK(reader.end());
}

TEST_CASE("a body that is cut off is not complete") {
  for (const char* text : {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "HTTP/1.1 200 OK\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    ResponseReader reader;
    feed(reader, text, 100);
    CHECK_FALSE(reader.end());
  }
}

TEST_CASE("a server's wish to close is heard") {
  ResponseReader reader;
  feed(reader, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 100);
  CHECK(reader.done());
  CHECK(reader.closes());
}

TEST_CASE("what isn't a response is broken") {
  for (const char* text : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 OK\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"}) {
    ResponseReader reader;
    INFO(text);
    feed(reader, text, 3);
    CHECK(reader.broken());
  }
}
