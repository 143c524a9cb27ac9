#include "backend_bodies.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "head.h"

using namespace sluice::bench;

namespace {

// drain: the response as a socket that takes STEP bytes at a time gets it.
std::string drain(Response response, size_t step) {
  std::string text;
  while (!response.empty()) {
    iovec pieces[2];
    response.next(pieces);
    std::string both(static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
    both.append(static_cast<const char*>(pieces[1].iov_base), pieces[1].iov_len);
    both.resize(std::min(both.size(), step));
    REQUIRE_FALSE(both.empty());
    response.skip(both.size());
    text += both;
  }
  return text;
}

}  // namespace

TEST_CASE("each body has the length that its head promises") {
  const Bodies bodies;
  for (const auto& [path, length] : {std::pair<const char*, size_t>{"/64", 64}, {"/128", 128}, {"/16k", 16384},
                                     {"/1m", 1 << 20}, {"/16m", 16 << 20}, {"/else", 128}}) {
    const std::string text = drain(bodies.find(path), SIZE_MAX);
    const size_t end = text.find("\r\n\r\n");
    INFO(path);
    CHECK(text.size() - end - 4 == length);
    CHECK(field(text.substr(0, end + 2), "Content-Length") == std::to_string(length));
  }
}

TEST_CASE("a response is the same however little is sent at a time") {
  const Bodies bodies;
  const std::string whole = drain(bodies.find("/16k"), SIZE_MAX);
  for (const size_t step : {1u, 7u, 101u, 16384u}) CHECK(drain(bodies.find("/16k"), step) == whole);
}

TEST_CASE("a body longer than a megabyte repeats it") {
  const Bodies bodies;
  const std::string one = drain(bodies.find("/1m"), SIZE_MAX);
  const std::string sixteen = drain(bodies.find("/16m"), 700'001);
  const std::string block = one.substr(one.size() - (1 << 20));
  const std::string body = sixteen.substr(sixteen.size() - (16 << 20));
  for (size_t i = 0; i < 16; ++i) CHECK(body.compare(i << 20, 1 << 20, block) == 0);
}
